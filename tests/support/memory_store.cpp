#include "tests/support/memory_store.h"

#include <cerrno>

namespace sluice::test {

using store::Batch;
using store::Durability;
using store::Family;

void MemoryStore::apply(Contents& contents, const Batch& batch) {
  for (const Batch::Operation& operation : batch.operations()) {
    auto& family = contents[static_cast<std::size_t>(operation.family)];
    if (operation.value) {
      family.insert_or_assign(operation.key, *operation.value);
    } else {
      family.erase(operation.key);
    }
  }
}

Result<std::optional<std::string>> MemoryStore::get(Family family, std::string_view key) const {
  if (auto error = refuses(Operation::kStoreRead)) {
    return *error;
  }
  const std::lock_guard lock(mutex_);
  const Values& held = visible_[static_cast<std::size_t>(family)];
  const auto found = held.find(key);
  return found == held.end() ? std::nullopt : std::optional(found->second);
}

std::uint64_t MemoryStore::bytes_of(const Contents& contents) {
  std::uint64_t bytes = 0;
  for (const Values& family : contents) {
    for (const auto& [key, value] : family) {
      bytes += key.size() + value.size();
    }
  }
  return bytes;
}

std::optional<Error> MemoryStore::refuses(Operation operation) const {
  return plan_ != nullptr ? plan_->next(operation, "index") : std::nullopt;
}

Result<void> MemoryStore::write(const Batch& batch, Durability durability) {
  const auto error = refuses(Operation::kStoreWrite);
  const std::lock_guard lock(mutex_);
  Result<void> written = error ? Result<void>(*error) : write_locked(batch, durability);
  if (!written) {
    if (failed_.empty()) {
      failed_.push_back(batch);
    }
  }
  return written;
}

Result<void> MemoryStore::write_locked(const Batch& batch, Durability durability) {
  if (space_) {
    std::uint64_t logged = 0;
    for (const Batch::Operation& operation : batch.operations()) {
      logged += operation.key.size() + (operation.value ? operation.value->size() : 0);
    }
    if (!space_->take(logged)) {
      return errno_error("index", ENOSPC);
    }
    occupied_ += logged;
  }
  failed_.clear();
  apply(visible_, batch);
  if (durability == Durability::kSynced) {
    for (const Batch& before : unsynced_) {
      apply(synced_, before);
    }
    apply(synced_, batch);
    unsynced_.clear();
  } else {
    unsynced_.push_back(batch);
  }
  if (space_) {
    occupy(bytes_of(visible_));
  }
  return {};
}

// Never fails: what is to be occupied has been written.
void MemoryStore::occupy(std::uint64_t bytes) {
  space_->exchange(occupied_, bytes);
  occupied_ = bytes;
}

bool MemoryStore::rot(Family family, std::string_view key, std::uint64_t bit) {
  const std::lock_guard lock(mutex_);
  bool found = false;
  for (Contents* contents : {&visible_, &synced_}) {
    Values& values = (*contents)[static_cast<std::size_t>(family)];
    const auto at = values.find(key);
    if (at != values.end() && !at->second.empty()) {
      const std::uint64_t place = bit % (at->second.size() * 8);
      at->second[place / 8] = static_cast<char>(at->second[place / 8] ^ (1 << place % 8));
      found = true;
    }
  }
  if (const Values& values = visible_[static_cast<std::size_t>(family)];
      found && values.contains(key)) {
    // What a sync writes later is rotten too.
    unsynced_.emplace_back().put(family, std::string(key), values.find(key)->second);
  }
  return found;
}

Result<void> MemoryStore::scan(
    Family family, std::string_view prefix, std::string_view from,
    const std::function<bool(std::string_view, std::string_view)>& each) const {
  if (auto error = refuses(Operation::kStoreRead)) {
    return *error;
  }
  const Values view = values(family);
  for (auto at = view.lower_bound(std::max(prefix, from));
       at != view.end() && at->first.starts_with(prefix); ++at) {
    if (!each(at->first, at->second)) {
      break;
    }
  }
  return {};
}

Result<std::optional<std::pair<std::string, std::string>>> MemoryStore::last_at_or_before(
    Family family, std::string_view prefix, std::string_view key) const {
  if (auto error = refuses(Operation::kStoreRead)) {
    return *error;
  }
  const std::lock_guard lock(mutex_);
  const Values& held = visible_[static_cast<std::size_t>(family)];
  auto at = held.upper_bound(key);
  if (at == held.begin()) {
    return std::optional<std::pair<std::string, std::string>>();
  }
  --at;
  if (!at->first.starts_with(prefix)) {
    return std::optional<std::pair<std::string, std::string>>();
  }
  return std::optional(std::pair(at->first, at->second));
}

void MemoryStore::crash(Loss loss, std::uint64_t seed) {
  const std::lock_guard lock(mutex_);
  std::vector<Batch> written = std::move(unsynced_);
  written.insert(written.end(), failed_.begin(), failed_.end());
  std::size_t kept = loss == Loss::kNone ? written.size() : 0;
  if (loss == Loss::kRandom) {
    std::mt19937_64 random(seed);
    kept = std::uniform_int_distribution<std::size_t>(0, written.size())(random);
  }
  for (std::size_t i = 0; i < kept; ++i) {
    apply(synced_, written[i]);
  }
  visible_ = synced_;
  unsynced_.clear();
  failed_.clear();
  if (space_) {
    occupy(bytes_of(visible_));
  }
}

void MemoryStore::clear() {
  const std::lock_guard lock(mutex_);
  visible_ = synced_ = Contents{};
  unsynced_.clear();
  failed_.clear();
  if (space_) {
    occupy(0);
  }
}

MemoryStore::Values MemoryStore::values(Family family) const {
  const std::lock_guard lock(mutex_);
  return visible_[static_cast<std::size_t>(family)];
}

}  // namespace sluice::test
