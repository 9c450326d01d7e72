// The `status` and `tail` subcommands: a client of the daemon's own status address.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace sluice::service {

// How long an answer may take, and how long it may be. A page of /status or /metrics is far below;
// the daemon is ours, but a wrong port may not be.
struct Patience {
  std::chrono::milliseconds time{10'000};
  std::uint64_t bytes = std::uint64_t{16} << 20;
};

// GET of `path` from "127.0.0.1:7070" (or "[::1]:7070"). kUnavailable: nobody answers there, or not
// within `patience`. kRefused: it answers with another status than 200, and why.
Result<std::string> fetch(const std::string& address, const std::string& path,
                          Patience patience = {});

// Calls `each` with every event, as a line for people ("2026-… notice shipment.published …"), the
// recent ones first; follows the daemon over restarts. Returns when `each` returns false, or the
// error when the daemon could not be reached at all.
Result<void> follow_events(const std::string& address,
                           const std::function<bool(std::string_view line)>& each);

// A JSON object as text for a terminal: values aligned, objects as sections, lists of objects as
// tables. The text as it is if it is no JSON object.
std::string status_text(std::string_view json);

}  // namespace sluice::service
