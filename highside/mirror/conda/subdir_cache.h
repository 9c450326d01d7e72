// Subdirs as they are served, kept while there is room.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "common/base/lru.h"
#include "common/base/strong.h"
#include "highside/mirror/conda/served_subdir.h"

namespace sluice::high {

// The least recently used go first. Callable from any thread.
class SubdirCache {
 public:
  // Bytes that are kept at the most, beside what is being served.
  explicit SubdirCache(std::size_t limit) : subdirs_(limit) {}

  // A state of a document: the edition that brought it, and what was lost by then.
  struct State {
    Edition since;
    std::uint64_t lost_changes = 0;
    bool operator==(const State&) const = default;
  };

  std::shared_ptr<const ServedSubdir> find(const std::string& document, const State& state);
  // In place of the document's other states.
  void put(const std::string& document, const State& state,
           std::shared_ptr<const ServedSubdir> subdir);
  std::size_t bytes() const;

 private:
  struct Entry {
    State state;
    std::shared_ptr<const ServedSubdir> subdir;
  };

  mutable std::mutex mutex_;
  Lru<Entry> subdirs_;  // by document
};

}  // namespace sluice::high
