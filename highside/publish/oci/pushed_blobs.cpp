#include "highside/publish/oci/pushed_blobs.h"

#include <algorithm>

namespace sluice::high {

void PushedBlobs::add(const std::string& document, const Sha256Digest& blob, std::uint64_t size) {
  const SteadyTime now = clock_.steady_now();
  const std::lock_guard lock(mutex_);
  make_room(now);
  pushed_[{document, blob}] = {size, now + kFor};
}

std::optional<std::uint64_t> PushedBlobs::find(const std::string& document,
                                               const Sha256Digest& blob) const {
  const std::lock_guard lock(mutex_);
  const auto found = pushed_.find({document, blob});
  return found != pushed_.end() && found->second.until > clock_.steady_now()
             ? std::optional(found->second.size)
             : std::nullopt;
}

bool PushedBlobs::remove(const std::string& document, const Sha256Digest& blob) {
  const std::lock_guard lock(mutex_);
  return pushed_.erase({document, blob}) > 0;
}

// Those that count no more; where all do, the one that would be the first not to.
void PushedBlobs::make_room(SteadyTime now) {
  if (pushed_.size() < kMaxPushed) {
    return;
  }
  std::erase_if(pushed_, [&](const auto& one) { return one.second.until <= now; });
  if (pushed_.size() >= kMaxPushed) {
    pushed_.erase(
        std::ranges::min_element(pushed_, {}, [](const auto& one) { return one.second.until; }));
  }
}

}  // namespace sluice::high
