#include "common/link/send/pacer.h"

#include <algorithm>

#include "common/base/error.h"

namespace sluice::link {

Pacer::Pacer(std::uint64_t bits_per_second, bool ipv6, SteadyTime now)
    : nanos_per_byte_(8e9 / static_cast<double>(bits_per_second)),
      overhead_(wire_overhead_bytes(ipv6)),
      due_(now) {
  SLUICE_ASSERT(bits_per_second > 0);
}

void Pacer::sent(std::size_t datagrams, std::size_t payload_bytes, SteadyTime now) {
  const auto wire_bytes = static_cast<double>(payload_bytes + datagrams * overhead_);
  due_ = std::max(due_, now - kCatchUp) +
         std::chrono::nanoseconds(static_cast<std::int64_t>(wire_bytes * nanos_per_byte_));
}

std::size_t Pacer::run(std::size_t datagram_bytes, std::size_t limit) const {
  const double one = static_cast<double>(datagram_bytes + overhead_) * nanos_per_byte_;
  const double fit = static_cast<double>(kCatchUp.count()) / one;
  return fit >= static_cast<double>(limit)
             ? limit
             : std::max<std::size_t>(1, static_cast<std::size_t>(fit));
}

}  // namespace sluice::link
