// From what an operator wants of the link to how it is coded, and back: what that survives and
// costs. docs/link-tuning.md has the same formulas, so that each number can be computed again.
#pragma once

#include <chrono>
#include <cstdint>

#include "common/base/error.h"
#include "lowside/transmit/settings.h"

namespace sluice::low {

struct Survival {
  std::chrono::milliseconds outage;  // the longest that no block may be lost by, 1 ms … 2 s
  double redundancy = 0;             // parity to data, 0.01 … 1
};

// Sets data_symbols, parity_symbols, block_bytes and window of `settings` from the others.
// kExhausted: it would take more blocks in flight than limits::kMaxBlocksInFlight.
Result<void> interleave(const Survival& wanted, TransmitSettings& settings);

// Of one lane. An outage is survived wherever it begins, while nothing else is lost.
struct LinkFigures {
  std::chrono::microseconds outage;  // the longest that is survived
  std::chrono::microseconds spread;  // what a block takes to cross: the latency
  std::size_t in_flight_bytes = 0;   // of all datagrams of that time
  std::size_t sender_bytes = 0;      // memory of the blocks
  std::size_t receiver_bytes = 0;    // what the high side needs for blocks that are incomplete
  double parity_share = 0;           // of the rate
};
LinkFigures link_figures(const TransmitSettings& settings);

// What `bytes` of blobs and manifests take on `lanes` such lanes that carry nothing else, from the
// first datagram to the last: parity and headers included, uncompressed.
std::chrono::microseconds sending_time(const TransmitSettings& settings, std::size_t lanes,
                                       std::uint64_t bytes);

// How likely it is that at least one block of a gigabyte is lost, when each datagram is lost with
// probability `loss`, independently.
double loss_per_gigabyte(const TransmitSettings& settings, double loss);

}  // namespace sluice::low
