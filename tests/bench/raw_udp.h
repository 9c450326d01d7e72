// What the wire carries without the product: datagrams of one size, paced, counted.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/bench/place.h"

namespace sluice::bench {

struct RawUdp {
  double gigabits = 0;  // of UDP payload a second
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  // Processor time of a byte of payload.
  double send_nanos = 0;
  double take_nanos = 0;
};

// Sends for half a second at `gigabits` on the wire.
RawUdp run_raw_udp(const Wire& wire, double gigabits);

// The highest rate at which nothing was lost, in steps of 15 %.
RawUdp highest_raw_udp(const Wire& wire);

}  // namespace sluice::bench
