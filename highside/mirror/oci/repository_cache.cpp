#include "highside/mirror/oci/repository_cache.h"

#include <algorithm>

namespace sluice::high {

RepositoryCache::Served RepositoryCache::find(const std::string& document, Edition edition) {
  const std::scoped_lock lock(mutex_);
  const Entry* found = repositories_.find(document);
  return found != nullptr && found->seen == edition ? found->repository : nullptr;
}

RepositoryCache::Served RepositoryCache::renew(const std::string& document, Edition since,
                                               Edition edition) {
  const std::scoped_lock lock(mutex_);
  Entry* found = repositories_.find(document);
  if (found == nullptr || found->since != since) {
    return nullptr;
  }
  found->seen = std::max(found->seen, edition);
  return found->repository;
}

void RepositoryCache::put(const std::string& document, Edition since, Edition edition,
                          Served repository) {
  const std::size_t bytes = repository->cost();
  const std::scoped_lock lock(mutex_);
  const Entry* found = repositories_.find(document);
  if (found != nullptr && found->seen > edition) {
    return;  // a later edition was asked for meanwhile
  }
  repositories_.put(document, {since, edition, std::move(repository)}, bytes);
}

std::size_t RepositoryCache::bytes() const {
  const std::scoped_lock lock(mutex_);
  return repositories_.bytes();
}

}  // namespace sluice::high
