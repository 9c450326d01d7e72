// Locks on names: threads that work on different blobs do not wait for one another.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace sluice::store {

// Callable from any thread. A thread that holds keys must not ask for more: all are taken at once,
// so that no two threads can wait for each other.
class KeyLocks {
 public:
  class Held {
   public:
    Held(KeyLocks& locks, std::set<std::string> keys) : locks_(&locks), keys_(std::move(keys)) {}
    Held(Held&& other) noexcept : locks_(other.locks_), keys_(std::move(other.keys_)) {
      other.locks_ = nullptr;
    }
    Held& operator=(Held&&) = delete;
    ~Held() {
      if (locks_ != nullptr) {
        locks_->unlock(keys_);
      }
    }

   private:
    KeyLocks* locks_;
    std::set<std::string> keys_;
  };

  // Waits until none of `keys` is held.
  Held lock(std::set<std::string> keys) {
    std::unique_lock lock(mutex_);
    released_.wait(lock, [&] { return free(keys); });
    held_.insert(keys.begin(), keys.end());
    return {*this, std::move(keys)};
  }

 private:
  bool free(const std::set<std::string>& keys) const {
    return std::none_of(keys.begin(), keys.end(),
                        [&](const std::string& key) { return held_.contains(key); });
  }
  void unlock(const std::set<std::string>& keys) {
    {
      const std::lock_guard lock(mutex_);
      for (const std::string& key : keys) {
        held_.erase(key);
      }
    }
    released_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable released_;
  std::set<std::string> held_;
};

}  // namespace sluice::store
