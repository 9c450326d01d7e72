#include "highside/mirror/npm/document_cache.h"

namespace sluice::high {

std::shared_ptr<const RenderedDocument> DocumentCache::find(const std::string& key) {
  const std::scoped_lock lock(mutex_);
  const auto* found = documents_.find(key);
  return found == nullptr ? nullptr : *found;
}

void DocumentCache::put(const std::string& key, std::shared_ptr<const RenderedDocument> document) {
  const std::size_t bytes = document->text.size();
  const std::scoped_lock lock(mutex_);
  documents_.put(key, std::move(document), bytes);
}

std::size_t DocumentCache::bytes() const {
  const std::scoped_lock lock(mutex_);
  return documents_.bytes();
}

}  // namespace sluice::high
