#include "highside/catalog/blob_holds.h"

namespace sluice::high {

void BlobHolds::hold(const Sha256Digest& blob) {
  const SteadyTime now = clock_.steady_now();
  const std::lock_guard lock(mutex_);
  if (until_.size() >= kMaxHolds && !until_.contains(blob)) {
    std::erase_if(until_, [&](const auto& held) { return held.second <= now; });
    if (until_.size() >= kMaxHolds) {
      all_until_ = now + kHoldFor;
      return;
    }
  }
  until_[blob] = now + kHoldFor;
}

void BlobHolds::pin(const Sha256Digest& blob) {
  const std::lock_guard lock(mutex_);
  ++pinned_[blob];
}

void BlobHolds::unpin(const Sha256Digest& blob) {
  const std::lock_guard lock(mutex_);
  const auto pinned = pinned_.find(blob);
  if (--pinned->second == 0) {
    pinned_.erase(pinned);
  }
}

Result<bool> BlobHolds::unless_held(const Sha256Digest& blob,
                                    const std::function<Result<void>()>& remove) {
  const SteadyTime now = clock_.steady_now();
  const std::lock_guard lock(mutex_);
  const auto held = until_.find(blob);
  if (all_until_ > now || pinned_.contains(blob) || (held != until_.end() && held->second > now)) {
    return false;
  }
  if (held != until_.end()) {
    until_.erase(held);
  }
  SLUICE_TRY_VOID(remove());
  return true;
}

}  // namespace sluice::high
