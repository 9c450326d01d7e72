#include "lowside/transmit/settings.h"

#include <algorithm>

#include "common/base/limits.h"
#include "common/link/send/pacer.h"
#include "common/wire/announce.h"
#include "common/wire/datagram.h"

namespace sluice::low {
namespace {

constexpr std::size_t kMinMtu = 576;        // RFC 791: what every host takes
constexpr std::size_t kMaxMtu = 9000;       // limits::kMaxDatagramBytes follows it
constexpr std::uint64_t kMinRate = 10'000;  // an announce of 1500 bytes each second still fits

Error out_of_range(const char* setting, std::uint64_t value, std::uint64_t low,
                   std::uint64_t high) {
  return Error{
      ErrorCode::kInvalid, std::string("link setting ") + setting,
      std::to_string(value) + " is outside " + std::to_string(low) + " … " + std::to_string(high),
      ""};
}

}  // namespace

Result<void> TransmitSettings::validate() const {
  if (!wire::valid_stream_name(stream)) {
    return Error{ErrorCode::kInvalid, "link setting stream", "'" + stream + "' is no stream's name",
                 "use 1 to 64 of A-Z a-z 0-9 . _ -, such as lab-low"};
  }
  const struct {
    const char* name;
    std::uint64_t value, low, high;
  } ranges[] = {
      {"mtu", mtu, kMinMtu, kMaxMtu},
      {"rate_bits_per_second", rate_bits_per_second, kMinRate, UINT64_C(400'000'000'000)},
      {"data_symbols", data_symbols, 1, limits::kMaxDataSymbols},
      {"parity_symbols", parity_symbols, 0, limits::kMaxParitySymbols},
      {"block_bytes", block_bytes, limits::kMinBlockBytes, limits::kMaxBlockBytes},
      {"window", window, 1, limits::kMaxBlocksInFlight},
      {"repeat_percent", repeat_percent, 0, kMaxRepeatPercent},
      {"zstd_level", static_cast<std::uint64_t>(zstd_level), 0, 19},
      {"cadence (ms)", static_cast<std::uint64_t>(cadence.count()), 10, 60'000},
      {"poll (ms)", static_cast<std::uint64_t>(poll.count()), 1, 60'000},
  };
  for (const auto& range : ranges) {
    if (range.value < range.low || range.value > range.high) {
      return out_of_range(range.name, range.value, range.low, range.high);
    }
  }
  if (!geometry(block_bytes).valid()) {
    return Error{
        ErrorCode::kInvalid, "link settings block_bytes, mtu, data_symbols, parity_symbols",
        "a block of that size cannot be cut that way", "use larger symbols or less parity"};
  }
  return {};
}

std::size_t TransmitSettings::datagram_bytes() const { return wire::datagram_bytes(mtu, ipv6); }

fec::Geometry TransmitSettings::geometry(std::size_t finished_block_bytes) const {
  return {.block_bytes = static_cast<std::uint32_t>(finished_block_bytes),
          .symbol_bytes = static_cast<std::uint16_t>(wire::symbol_bytes(mtu, ipv6)),
          .max_data = data_symbols,
          .parity = parity_symbols};
}

std::uint64_t TransmitSettings::spread_datagrams() const {
  return geometry(block_bytes).total_symbols() * std::max<std::uint64_t>(1, window - 1);
}

std::chrono::nanoseconds TransmitSettings::datagram_time() const {
  const auto bits = static_cast<double>(8 * (datagram_bytes() + link::wire_overhead_bytes(ipv6)));
  return std::chrono::nanoseconds(
      static_cast<std::int64_t>(bits * 1e9 / static_cast<double>(rate_bits_per_second)));
}

std::size_t TransmitSettings::memory_bytes(std::size_t lanes) const {
  const fec::Geometry whole = geometry(block_bytes);
  const std::size_t block = std::size_t{whole.total_symbols()} * whole.symbol_bytes;
  // Each block in use has a writer, which keeps as much again to compress into.
  return lanes * (window + kBlocksAhead + 1) * (block + block_bytes);
}

}  // namespace sluice::low
