// Rendered documents, kept while there is room.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace sluice::high {

struct RenderedDocument {
  std::string text;
  std::string etag;  // quoted
};

// The least recently used go first. Callable from any thread.
class DocumentCache {
 public:
  explicit DocumentCache(std::size_t limit) : limit_(limit) {}

  std::shared_ptr<const RenderedDocument> find(const std::string& key);
  void put(const std::string& key, std::shared_ptr<const RenderedDocument> document);
  std::size_t bytes() const;

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const RenderedDocument> document;
  };
  static std::size_t cost(const Entry& entry);

  const std::size_t limit_;  // bytes
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // the most recently used first
  std::map<std::string, std::list<Entry>::iterator> index_;
  std::size_t bytes_ = 0;
};

}  // namespace sluice::high
