// What was used last, kept while there is room.
#pragma once

#include <cstddef>
#include <iterator>
#include <list>
#include <string>
#include <unordered_map>
#include <utility>

namespace sluice {

// What an entry costs beside its value and both copies of its key.
inline constexpr std::size_t kLruEntryBytes = 256;

// One thread at a time.
template <class Value>
class Lru {
 public:
  // Bytes of all entries at the most, as put() is told them, with keys and nodes.
  explicit Lru(std::size_t limit) : limit_(limit) {}

  // Null: it is not here. Counts as a use; valid until the next put().
  Value* find(const std::string& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) {
      return nullptr;
    }
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->value;
  }

  // In place of what the key had. `bytes` of the value; what was used longest ago goes for it, and
  // it is not kept where it has no room alone.
  void put(const std::string& key, Value value, std::size_t bytes) {
    if (const auto other = index_.find(key); other != index_.end()) {
      drop(other->second);
    }
    const std::size_t cost = bytes + 2 * key.size() + kLruEntryBytes;
    if (cost > limit_) {
      return;
    }
    while (bytes_ + cost > limit_) {
      drop(std::prev(entries_.end()));
    }
    entries_.push_front({key, std::move(value), cost});
    index_.emplace(key, entries_.begin());
    bytes_ += cost;
  }

  std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::string key;
    Value value;
    std::size_t cost;
  };

  void drop(typename std::list<Entry>::iterator entry) {
    bytes_ -= entry->cost;
    index_.erase(entry->key);
    entries_.erase(entry);
  }

  const std::size_t limit_;
  std::list<Entry> entries_;  // the most recently used first
  std::unordered_map<std::string, typename std::list<Entry>::iterator> index_;
  std::size_t bytes_ = 0;
};

}  // namespace sluice
