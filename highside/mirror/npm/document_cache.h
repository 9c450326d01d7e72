// Rendered documents, kept while there is room.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "common/base/lru.h"

namespace sluice::high {

struct RenderedDocument {
  std::string text;
  std::string etag;  // quoted
};

// The least recently used go first. Callable from any thread.
class DocumentCache {
 public:
  explicit DocumentCache(std::size_t limit) : documents_(limit) {}

  std::shared_ptr<const RenderedDocument> find(const std::string& key);
  void put(const std::string& key, std::shared_ptr<const RenderedDocument> document);
  std::size_t bytes() const;

 private:
  mutable std::mutex mutex_;
  Lru<std::shared_ptr<const RenderedDocument>> documents_;
};

}  // namespace sluice::high
