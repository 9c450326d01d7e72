// The bytes of a disk that files and an index share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <mutex>

namespace sluice::test {

// Callable from any thread.
class DiskSpace {
 public:
  explicit DiskSpace(std::uint64_t capacity = std::numeric_limits<std::uint64_t>::max())
      : capacity_(capacity) {}

  // Growing makes room, shrinking may leave it overfull.
  void set_capacity(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    capacity_ = bytes;
  }
  std::uint64_t used() const {
    const std::lock_guard lock(mutex_);
    return used_;
  }
  std::uint64_t free() const {
    const std::lock_guard lock(mutex_);
    return capacity_ - std::min(capacity_, used_);
  }
  // False, with nothing taken, if they do not fit.
  bool take(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    if (bytes > capacity_ - std::min(capacity_, used_)) {
      return false;
    }
    used_ += bytes;
    return true;
  }
  void give_back(std::uint64_t bytes) { exchange(bytes, 0); }
  // What took `before` takes `after`, whether it fits or not.
  void exchange(std::uint64_t before, std::uint64_t after) {
    const std::lock_guard lock(mutex_);
    used_ = used_ - before + after;
  }

 private:
  mutable std::mutex mutex_;
  std::uint64_t capacity_;
  std::uint64_t used_ = 0;
};

}  // namespace sluice::test
