// What this machine's loopback carries without the product: datagrams of one size, paced, counted.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::bench {

struct RawUdp {
  double gigabits = 0;  // of UDP payload a second
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
};

// Sends for half a second at `gigabits` on the wire.
RawUdp run_raw_udp(std::size_t datagram_bytes, double gigabits);

// The highest rate at which nothing was lost, in steps of a quarter.
RawUdp highest_raw_udp(std::size_t datagram_bytes);

}  // namespace sluice::bench
