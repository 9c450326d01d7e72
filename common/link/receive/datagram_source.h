// Where datagrams arrive. No implementation of it can send.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "common/base/bytes.h"
#include "common/base/error.h"

namespace sluice::link {

// Memory for one kernel message: one datagram, or with GRO several of `segment_bytes` (the last may
// be shorter). Preallocated by its owner.
struct ReceiveBuffer {
  MutableByteView memory;         // the owner's
  std::size_t bytes = 0;          // filled; 0: an empty datagram
  std::size_t segment_bytes = 0;  // ≤ bytes; never 0 when bytes > 0
};

// One lane's way in. receive() on one thread.
class DatagramSource {
 public:
  virtual ~DatagramSource() = default;

  // Waits up to `patience` for something, then fills as many of `buffers` as it can without
  // waiting. Returns how many, 0 after the patience. It may exchange the `memory` of buffers among
  // one another.
  virtual Result<std::size_t> receive(std::span<ReceiveBuffer> buffers,
                                      std::chrono::milliseconds patience) = 0;
  // Bytes that one ReceiveBuffer's memory must have.
  virtual std::size_t buffer_bytes() const = 0;

  struct Stats {
    std::uint64_t messages = 0;  // of the kernel: with GRO fewer than datagrams
    std::uint64_t bytes = 0;
    std::uint64_t kernel_drops = 0;  // the socket's buffer was full
    std::uint64_t truncated = 0;     // longer than buffer_bytes(): dropped
  };
  virtual Stats stats() const = 0;  // callable from any thread
};

}  // namespace sluice::link
