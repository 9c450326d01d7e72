// What the sender is told by the configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "common/base/error.h"
#include "common/base/processors.h"
#include "common/base/strong.h"
#include "common/fec/block_code.h"

namespace sluice::low {

inline constexpr unsigned kMaxRepeatPercent = 90;  // what is urgent goes on all the same

struct TransmitSettings {
  std::string stream{};  // "lab-low"
  Epoch epoch{};         // of this run: higher than any before, persisted by the wiring
  std::size_t mtu = 1500;
  bool ipv6 = false;  // its header is 20 bytes longer

  // Bits on the wire of each lane: payload, UDP, IP and Ethernet with preamble and gap.
  std::uint64_t rate_bits_per_second = 900'000'000;

  // What follows up to `window` is set by interleave() from rate, MTU, outage and redundancy.

  // Of each codeword. 64 + 8 outlives any 8 losses of 72. A codeword of 100 kB stays in the
  // processor's second-level cache.
  std::uint8_t data_symbols = 64;
  std::uint8_t parity_symbols = 8;

  // Bytes of a block, and blocks in flight at once at the most. Every block, however short, is
  // spread over the time that `window` - 1 of the longest take to send.
  std::size_t block_bytes = std::size_t{4} << 20;
  std::size_t window = 9;

  // For the lanes' senders, then the builder.
  Processors processors{};

  // Of what is sent while first sendings or resends wait, the part that repeats and the carousel
  // have all the same, in percent; otherwise they have everything. 10 delays a fresh shipment by a
  // ninth, and a link that is never idle still repeats what it sent.
  unsigned repeat_percent = 10;

  int zstd_level = 1;  // 1 … 19; 0: never

  // Between two announces and heartbeats. The receiver calls the link silent after three of them.
  std::chrono::milliseconds cadence{1000};
  // Between two questions to the outbox while nothing is due and nobody calls wake().
  std::chrono::milliseconds poll{1000};

  // kInvalid names the setting and what it may be.
  Result<void> validate() const;

  std::size_t datagram_bytes() const;
  fec::Geometry geometry(std::size_t finished_block_bytes) const;
  // Datagrams that a lane could send while one block crosses: what each block is spread over.
  std::uint64_t spread_datagrams() const;
  // What one datagram occupies the lane's wire for.
  std::chrono::nanoseconds datagram_time() const;
  // What all blocks of `lanes` lanes occupy: in flight, queued and being built, with parity.
  std::size_t memory_bytes(std::size_t lanes) const;
};

// Finished blocks that wait for a lane's sender: one to start, one while the next is built.
inline constexpr std::size_t kBlocksAhead = 2;

}  // namespace sluice::low
