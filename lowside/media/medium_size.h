// How much goes onto one medium.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/base/error.h"

namespace sluice::low {

// Below it a volume would be papers and parity.
inline constexpr std::uint64_t kMinVolumeBytes = std::uint64_t{4} << 20;

// "cd", "dvd", "bluray": what the smallest of their kind holds; else a number of bytes, or one with
// K, M, G or T (powers of 1000, as media are sold) or KiB … TiB. kInvalid says what it may be.
Result<std::uint64_t> parse_medium_size(std::string_view text);

}  // namespace sluice::low
