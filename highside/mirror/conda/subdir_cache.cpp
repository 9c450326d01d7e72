#include "highside/mirror/conda/subdir_cache.h"

namespace sluice::high {

std::shared_ptr<const ServedSubdir> SubdirCache::find(const std::string& document,
                                                      const State& state) const {
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find(document);
  return found != entries_.end() && found->second.state == state ? found->second.subdir : nullptr;
}

void SubdirCache::put(const std::string& document, const State& state,
                      std::shared_ptr<const ServedSubdir> subdir) {
  const std::size_t cost = subdir->cost();
  const std::scoped_lock lock(mutex_);
  if (const auto other = entries_.find(document); other != entries_.end()) {
    bytes_ -= other->second.cost;
    entries_.erase(other);
  }
  if (cost > limit_) {
    return;
  }
  while (bytes_ + cost > limit_) {
    bytes_ -= entries_.begin()->second.cost;
    entries_.erase(entries_.begin());
  }
  entries_[document] = {state, std::move(subdir), cost};
  bytes_ += cost;
}

std::size_t SubdirCache::bytes() const {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

}  // namespace sluice::high
