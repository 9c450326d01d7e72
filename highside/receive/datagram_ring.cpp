#include "highside/receive/datagram_ring.h"

#include <algorithm>

#include "common/base/error.h"

namespace sluice::high {

DatagramRing::DatagramRing(std::size_t bytes, std::size_t slot_bytes)
    : slots_(std::max<std::size_t>(2, bytes / slot_bytes)) {
  memory_.resize(slots_.size() * slot_bytes);
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    slots_[i].memory = MutableByteView(memory_).subspan(i * slot_bytes, slot_bytes);
  }
}

std::span<link::ReceiveBuffer> DatagramRing::room() {
  const std::uint64_t written = written_.load(std::memory_order_relaxed);
  const std::uint64_t waiting = written - read_.load(std::memory_order_acquire);
  if (waiting == 0) {
    // The consumer looks at it only after it has seen something written that it has not read.
    base_.store(written, std::memory_order_relaxed);
  }
  const std::uint64_t free = slots_.size() - waiting;
  const std::size_t at = (written - base_.load(std::memory_order_relaxed)) % slots_.size();
  return std::span(slots_).subspan(at, std::min<std::size_t>(free, slots_.size() - at));
}

void DatagramRing::publish(std::size_t count) {
  SLUICE_ASSERT(used() + count <= slots_.size());
  written_.fetch_add(count, std::memory_order_release);
}

std::span<link::ReceiveBuffer> DatagramRing::filled(std::size_t limit) {
  const std::uint64_t read = read_.load(std::memory_order_relaxed);
  const std::uint64_t waiting = written_.load(std::memory_order_acquire) - read;
  if (waiting == 0) {
    return {};
  }
  const std::size_t at = (read - base_.load(std::memory_order_relaxed)) % slots_.size();
  return std::span(slots_).subspan(at, std::min({std::size_t{waiting}, slots_.size() - at, limit}));
}

void DatagramRing::release(std::size_t count) {
  SLUICE_ASSERT(count <= filled(count).size());
  read_.fetch_add(count, std::memory_order_release);
}

std::size_t DatagramRing::used() const {
  const std::uint64_t read = read_.load(std::memory_order_acquire);
  return written_.load(std::memory_order_acquire) - read;
}

}  // namespace sluice::high
