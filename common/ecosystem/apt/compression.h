// Indices come compressed; what they hold is read and made here, through libarchive.
#pragma once

#include <string>
#include <string_view>

#include "common/base/error.h"

namespace sluice::apt {

// The Packages text of the largest component in use has 100 MiB; a text is held in memory once.
inline constexpr std::uint64_t kMaxIndexTextBytes = std::uint64_t{512} << 20;
// As it is fetched: Contents of a large archive has 60 MiB.
inline constexpr std::uint64_t kMaxIndexBytes = std::uint64_t{256} << 20;

// Unpacks gzip, xz, zstd and bzip2, told by content; other bytes are returned as they are. `thing`
// is named in errors. kInvalid: damaged or cut off. kRefused: more than `limit` bytes.
Result<std::string> inflate(const std::string& thing, std::string_view bytes,
                            std::uint64_t limit = kMaxIndexTextBytes);

enum class Compression { kGzip, kXz };
// The same bytes for the same text.
std::string compress(std::string_view text, Compression compression);

}  // namespace sluice::apt
