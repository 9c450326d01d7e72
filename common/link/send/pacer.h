// Holds a lane to a constant rate, counted in the bits that occupy the wire.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/clock.h"

namespace sluice::link {

// What each packet occupies beside the UDP payload: Ethernet's preamble and start (8), header (14),
// checksum (4) and gap between frames (12), and the IP and UDP headers.
inline constexpr std::size_t kEthernetOverheadBytes = 38;
inline constexpr std::size_t wire_overhead_bytes(bool ipv6) {
  return kEthernetOverheadBytes + (ipv6 ? 48 : 28);
}

// Keeps the time at which the wire is free again. A caller that comes late may catch up by
// kCatchUp, no more: what is lost by a longer stall stays lost, because a burst at line rate
// overruns the receiver. One thread.
class Pacer {
 public:
  // A millisecond rides out a timer's slack (0.05 ms) and most preemptions; at 1 Gb/s it is a burst
  // of 125 kB.
  static constexpr std::chrono::nanoseconds kCatchUp = std::chrono::milliseconds(1);

  // `bits_per_second` > 0.
  Pacer(std::uint64_t bits_per_second, bool ipv6, SteadyTime now);

  // When the next datagram may leave; in the past if it may leave now.
  SteadyTime due() const { return due_; }
  // These have left, or are leaving, at `now`.
  void sent(std::size_t datagrams, std::size_t payload_bytes, SteadyTime now);

  // How many datagrams of this size may leave together: what fits kCatchUp, at least one, at most
  // `limit`.
  std::size_t run(std::size_t datagram_bytes, std::size_t limit) const;

 private:
  double nanos_per_byte_;
  std::size_t overhead_;
  SteadyTime due_;
};

}  // namespace sluice::link
