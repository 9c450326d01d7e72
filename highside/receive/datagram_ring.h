// The lock-free ring between the thread that takes datagrams and the one that works on them. All of
// its memory is there from the start. Whenever it has been emptied it begins with its first slot
// again: as long as the consumer keeps up, a few slots are used over and over and stay in the
// processor's cache.
#pragma once

#include <atomic>
#include <span>
#include <vector>

#include "common/base/bytes.h"
#include "common/link/receive/datagram_source.h"

namespace sluice::high {

// One producer thread, one consumer thread.
class DatagramRing {
 public:
  // As many slots of `slot_bytes` as fit `bytes`, at least two.
  DatagramRing(std::size_t bytes, std::size_t slot_bytes);

  // Producer: free slots that lie together; empty while the ring is full.
  std::span<link::ReceiveBuffer> room();
  // Producer: the first `count` of room() are filled.
  void publish(std::size_t count);

  // Consumer: filled slots that lie together, at most `limit`; theirs to change until release().
  std::span<link::ReceiveBuffer> filled(std::size_t limit);
  // Consumer: the first `count` of filled() are free again.
  void release(std::size_t count);

  std::size_t slots() const { return slots_.size(); }
  std::size_t used() const;  // callable from any thread

 private:
  Bytes memory_;
  std::vector<link::ReceiveBuffer> slots_;
  // Counts that only grow; on cache lines of their own. What was written as number base_ lies in
  // the first slot.
  alignas(64) std::atomic<std::uint64_t> base_{0};
  alignas(64) std::atomic<std::uint64_t> written_{0};
  alignas(64) std::atomic<std::uint64_t> read_{0};
};

}  // namespace sluice::high
