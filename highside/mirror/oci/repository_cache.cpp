#include "highside/mirror/oci/repository_cache.h"

#include <iterator>

namespace sluice::high {

// Both copies of the name, and the nodes around them.
std::size_t RepositoryCache::cost(const Entry& entry) {
  constexpr std::size_t kOverhead = 256;
  return entry.repository->cost() + 2 * entry.document.size() + kOverhead;
}

RepositoryCache::Served RepositoryCache::use(Entries::iterator entry) {
  entries_.splice(entries_.begin(), entries_, entry);
  return entry->repository;
}

void RepositoryCache::drop(Entries::iterator entry) {
  bytes_ -= cost(*entry);
  index_.erase(entry->document);
  entries_.erase(entry);
}

RepositoryCache::Served RepositoryCache::find(const std::string& document, Edition edition) {
  const std::scoped_lock lock(mutex_);
  const auto found = index_.find(document);
  return found != index_.end() && found->second->seen == edition ? use(found->second) : nullptr;
}

RepositoryCache::Served RepositoryCache::renew(const std::string& document, Edition since,
                                               Edition edition) {
  const std::scoped_lock lock(mutex_);
  const auto found = index_.find(document);
  if (found == index_.end() || found->second->since != since) {
    return nullptr;
  }
  found->second->seen = std::max(found->second->seen, edition);
  return use(found->second);
}

void RepositoryCache::put(const std::string& document, Edition since, Edition edition,
                          Served repository) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = index_.find(document); found != index_.end()) {
    if (found->second->seen > edition) {
      return;  // a later edition was asked for meanwhile
    }
    drop(found->second);
  }
  Entry entry{document, since, edition, std::move(repository)};
  if (cost(entry) > limit_) {
    return;
  }
  bytes_ += cost(entry);
  entries_.push_front(std::move(entry));
  index_[document] = entries_.begin();
  while (bytes_ > limit_) {
    drop(std::prev(entries_.end()));
  }
}

std::size_t RepositoryCache::bytes() const {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

}  // namespace sluice::high
