// Wakes a thread that waits for another's progress.
#pragma once

#include <atomic>

namespace sluice::high {

// Callable from any thread.
class Doorbell {
 public:
  // How often it was rung; read it before looking for work, so that no ring is missed.
  int count() const { return rings_.load(std::memory_order_acquire); }
  void ring() {
    rings_.fetch_add(1, std::memory_order_release);
    rings_.notify_all();
  }
  // Until it has been rung since `seen`.
  void wait(int seen) const { rings_.wait(seen, std::memory_order_acquire); }

 private:
  std::atomic<int> rings_{0};  // int: what a futex takes, so that waiting is one system call
};

}  // namespace sluice::high
