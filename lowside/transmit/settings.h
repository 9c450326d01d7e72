// What the sender is told by the configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "common/base/error.h"
#include "common/base/strong.h"
#include "common/fec/block_code.h"

namespace sluice::low {

struct TransmitSettings {
  std::string stream{};  // "lab-low"
  Epoch epoch{};         // of this run: higher than any before, persisted by the wiring
  std::size_t mtu = 1500;
  bool ipv6 = false;  // its header is 20 bytes longer

  // Bits on the wire of each lane: payload, UDP, IP and Ethernet with preamble and gap.
  std::uint64_t rate_bits_per_second = 900'000'000;

  // Of each codeword. 64 + 8 outlives any 8 losses of 72: at 1 % random loss a codeword fails once
  // in 10^7, a gibibyte once in a thousand. It costs 12.5 %, and a codeword of 100 kB stays in the
  // processor's second-level cache, where coding takes 0.13 ns a byte.
  std::uint8_t data_symbols = 64;
  std::uint8_t parity_symbols = 8;

  // Bytes of a block, and blocks in flight at once. An outage is survived while it takes no more
  // than parity / (data + parity) of what is in flight: 8 × 4 MiB × 1.125 / 9 = 4.2 MB, 36 ms at
  // 0.94 Gb/s. Longer outages need more of either, on both sides.
  std::size_t block_bytes = std::size_t{4} << 20;
  std::size_t window = 8;

  int zstd_level = 1;  // 1 … 19; 0: never

  // Between two announces and heartbeats. The receiver calls the link silent after three of them.
  std::chrono::milliseconds cadence{1000};
  // Between two questions to the outbox while nothing is due and nobody calls wake().
  std::chrono::milliseconds poll{1000};

  // kInvalid names the setting and what it may be.
  Result<void> validate() const;

  std::size_t datagram_bytes() const;
  fec::Geometry geometry(std::size_t finished_block_bytes) const;
  // What all blocks of `lanes` lanes occupy: in flight, queued and being built, with parity.
  std::size_t memory_bytes(std::size_t lanes) const;
};

// Finished blocks that wait for a lane's sender: one to start, one while the next is built.
inline constexpr std::size_t kBlocksAhead = 2;

}  // namespace sluice::low
