// Where datagrams leave. Only the low side links an implementation.
#pragma once

#include <cstddef>

#include "common/base/bytes.h"
#include "common/base/error.h"

namespace sluice::link {

// One lane's way out. One thread.
class DatagramSink {
 public:
  virtual ~DatagramSink() = default;

  // Sends `bytes` as datagrams of `datagram_bytes` each; the last may be shorter. The memory
  // belongs to the caller again on return, whatever the outcome. A full socket buffer makes it
  // wait; nothing is dropped here. kUnavailable: the network is down for now, the datagrams may or
  // may not have left.
  virtual Result<void> send(ByteView bytes, std::size_t datagram_bytes) = 0;

  struct Stats {
    std::uint64_t datagrams = 0;
    std::uint64_t bytes = 0;
    std::uint64_t calls = 0;   // of the kernel
    std::uint64_t errors = 0;  // a send that the kernel refused and that was not repeated
  };
  virtual Stats stats() const = 0;  // callable from any thread
};

}  // namespace sluice::link
