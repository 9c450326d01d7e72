// The `status` and `tail` subcommands: a client of the daemon's own status address.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace sluice::service {

// GET of `path` from "127.0.0.1:7070" (or "[::1]:7070"). kUnavailable: nobody answers there, or not
// in 10 s, or not with 200.
Result<std::string> fetch(const std::string& address, const std::string& path);

// Calls `each` with every event, as a line for people ("2026-… notice shipment.published …"), the
// recent ones first; follows the daemon over restarts. Returns when `each` returns false, or the
// error when the daemon could not be reached at all.
Result<void> follow_events(const std::string& address,
                           const std::function<bool(std::string_view line)>& each);

// A JSON object as text for a terminal: values aligned, objects as sections, lists of objects as
// tables. The text as it is if it is no JSON object.
std::string status_text(std::string_view json);

}  // namespace sluice::service
