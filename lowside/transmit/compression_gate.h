// Whether what is built next is compressed: it is, unless the wire would have to wait for it.
//
// zstd at its fastest makes 2 to 3 Gb/s of text on one core. A wire that carries more would stand
// idle and the shipment arrive later than uncompressed. So the gate closes when a lane has nothing
// to send though there was something to build all the time, and opens when a lane has as many
// blocks as it may hold, or when nothing is left to build: what the wire carries is then used up
// either way, and the share that is compressed follows from how fast this machine compresses.
#pragma once

#include <atomic>
#include <utility>

namespace sluice::low {

class CompressionGate {
 public:
  // Callable from any thread.
  bool open() const { return !behind_.load(std::memory_order_relaxed); }

  // The builder's: it begins a block; the lane whose turn it is has no room for another; there is
  // none to build.
  void begin_block() { busy_.store(std::exchange(follows_, true), std::memory_order_relaxed); }
  void lane_full() { behind_.store(false, std::memory_order_relaxed); }
  void nothing_left() {
    follows_ = false;
    busy_.store(false, std::memory_order_relaxed);
    behind_.store(false, std::memory_order_relaxed);
  }

  // A lane's: it could send and has nothing. That the first block after a pause is waited for says
  // nothing of compression.
  void wire_waits() {
    if (busy_.load(std::memory_order_relaxed)) {
      behind_.store(true, std::memory_order_relaxed);
    }
  }

 private:
  bool follows_ = false;  // the builder's: nothing came between the last block and the next
  std::atomic<bool> busy_{false};  // the block being built follows another
  std::atomic<bool> behind_{false};
};

}  // namespace sluice::low
