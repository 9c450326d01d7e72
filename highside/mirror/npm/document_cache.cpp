#include "highside/mirror/npm/document_cache.h"

namespace sluice::high {

// Both copies of the key, and the nodes around them.
std::size_t DocumentCache::cost(const Entry& entry) {
  constexpr std::size_t kOverhead = 256;
  return entry.document->text.size() + 2 * entry.key.size() + kOverhead;
}

std::shared_ptr<const RenderedDocument> DocumentCache::find(const std::string& key) {
  const std::scoped_lock lock(mutex_);
  const auto found = index_.find(key);
  if (found == index_.end()) {
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->document;
}

void DocumentCache::put(const std::string& key, std::shared_ptr<const RenderedDocument> document) {
  const std::scoped_lock lock(mutex_);
  Entry entry{key, std::move(document)};
  if (cost(entry) > limit_ || index_.contains(key)) {
    return;  // two that rendered the same at once made the same
  }
  bytes_ += cost(entry);
  entries_.push_front(std::move(entry));
  index_[key] = entries_.begin();
  while (bytes_ > limit_) {
    bytes_ -= cost(entries_.back());
    index_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

std::size_t DocumentCache::bytes() const {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

}  // namespace sluice::high
