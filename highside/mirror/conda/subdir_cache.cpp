#include "highside/mirror/conda/subdir_cache.h"

namespace sluice::high {

std::shared_ptr<const ServedSubdir> SubdirCache::find(const std::string& document,
                                                      const State& state) {
  const std::scoped_lock lock(mutex_);
  const Entry* found = subdirs_.find(document);
  return found != nullptr && found->state == state ? found->subdir : nullptr;
}

void SubdirCache::put(const std::string& document, const State& state,
                      std::shared_ptr<const ServedSubdir> subdir) {
  const std::size_t bytes = subdir->cost();
  const std::scoped_lock lock(mutex_);
  subdirs_.put(document, {state, std::move(subdir)}, bytes);
}

std::size_t SubdirCache::bytes() const {
  const std::scoped_lock lock(mutex_);
  return subdirs_.bytes();
}

}  // namespace sluice::high
