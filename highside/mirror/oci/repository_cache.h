// Repositories as they are served, kept while there is room: a pull asks for a manifest and some
// blobs, each by a request of its own, and none of them is to read the whole record again.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "common/base/lru.h"
#include "common/base/strong.h"
#include "highside/mirror/oci/served_repository.h"

namespace sluice::high {

// The least recently used go first. Callable from any thread.
class RepositoryCache {
 public:
  using Served = std::shared_ptr<const ServedRepository>;

  // Bytes that are kept at the most, beside what is being served.
  explicit RepositoryCache(std::size_t limit) : repositories_(limit) {}

  // As that edition has it, if it was seen at that edition.
  Served find(const std::string& document, Edition edition);
  // The state that was brought by `since` is still the one at `edition`: from now on find() knows.
  // None: another is kept, or none.
  Served renew(const std::string& document, Edition since, Edition edition);
  void put(const std::string& document, Edition since, Edition edition, Served repository);
  std::size_t bytes() const;

 private:
  struct Entry {
    Edition since;
    Edition seen;
    Served repository;
  };

  mutable std::mutex mutex_;
  Lru<Entry> repositories_;  // by document
};

}  // namespace sluice::high
