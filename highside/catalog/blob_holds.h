// Blobs that somebody inside is about to publish something of: garbage collection leaves them.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <unordered_map>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/error.h"

namespace sluice::high {

// Callable from any thread. In memory: after a restart clients that had been told of a blob find it
// missing, and send it.
class BlobHolds {
 public:
  static constexpr std::size_t kMaxHolds = 100'000;  // 60 bytes each
  static constexpr std::chrono::hours kHoldFor{1};

  explicit BlobHolds(const Clock& clock) : clock_(clock) {}

  // For kHoldFor. Returns when no removal of it is under way.
  void hold(const Sha256Digest& blob);
  // Until unpin(), which each is followed by; they add up.
  void pin(const Sha256Digest& blob);
  void unpin(const Sha256Digest& blob);
  // Calls `remove` unless it is held; true if it was called and succeeded. Holds wait meanwhile.
  Result<bool> unless_held(const Sha256Digest& blob, const std::function<Result<void>()>& remove);

 private:
  const Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<Sha256Digest, SteadyTime> until_;
  std::unordered_map<Sha256Digest, std::size_t> pinned_;  // how many times
  SteadyTime all_until_{};  // more were asked for than there is room for: then all are held
};

}  // namespace sluice::high
