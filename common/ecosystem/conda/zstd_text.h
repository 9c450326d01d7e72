// repodata.json.zst: read here of upstreams, made here for clients.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace sluice::conda {

// Unpacks zstd, told by content; other bytes are returned as they are. `thing` is named in errors.
// kInvalid: damaged or cut off. kRefused: more than `limit` bytes.
Result<std::string> unpack_zstd(const std::string& thing, std::string bytes, std::uint64_t limit);

// The same bytes for the same text.
std::string pack_zstd(std::string_view text);

}  // namespace sluice::conda
