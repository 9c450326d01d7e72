#include "highside/catalog/editions.h"

#include <algorithm>

#include "sluice/stored_ledger.pb.h"

namespace sluice::high {
namespace {

using store::Family;

constexpr std::string_view kOldestKey = "catalog.oldest";
constexpr std::string_view kPrefix = "snapshot/";

std::string key_of(std::string_view name) { return std::string(kPrefix).append(name); }

Error unreadable(std::string thing) {
  return {ErrorCode::kIo, std::move(thing), "its entry in the index does not read",
          "the index is damaged: restore it"};
}

std::string encode(const Snapshot& snapshot) {
  proto::StoredSnapshot stored;
  stored.set_edition(snapshot.edition.value());
  stored.set_created_micros(to_unix_micros(snapshot.created));
  stored.set_expires_micros(to_unix_micros(snapshot.expires));
  stored.set_note(snapshot.note);
  return stored.SerializeAsString();
}

std::optional<Snapshot> decode(std::string name, std::string_view value) {
  proto::StoredSnapshot stored;
  if (!stored.ParseFromArray(value.data(), static_cast<int>(value.size())) ||
      !check_snapshot_name(name)) {
    return std::nullopt;
  }
  return Snapshot{std::move(name), Edition(stored.edition()),
                  from_unix_micros(stored.created_micros()),
                  from_unix_micros(stored.expires_micros()), stored.note()};
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

}  // namespace

Result<void> check_snapshot_name(std::string_view name) {
  const bool is_number =
      std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });  // also ""
  if (is_number || name.size() > Editions::kMaxNameBytes || name == "current" ||
      !std::ranges::all_of(name, is_name_character) || name.front() == '.' || name.front() == '-') {
    return Error{ErrorCode::kInvalid, "snapshot \"" + std::string(name.substr(0, 100)) + "\"",
                 "that is no name for a snapshot",
                 "use 1 to 64 letters, digits, '.', '_' and '-', not a number alone, not "
                 "\"current\", and begin with a letter or digit: 2026-q4"};
  }
  return {};
}

bool KeptEditions::sees(std::uint64_t since, std::uint64_t next) const {
  if (next > oldest) {
    return next > since;
  }
  const auto first = named.lower_bound(since);
  return first != named.end() && *first < next;
}

Result<void> Editions::load() {
  const std::lock_guard lock(mutex_);
  SLUICE_TRY(const auto value, index_.get(Family::kMeta, kOldestKey));
  if (value) {
    std::string_view rest = *value;
    const auto oldest = store::read_u64(rest);
    if (!oldest || !rest.empty()) {
      return unreadable(std::string(kOldestKey));
    }
    oldest_.store(*oldest, std::memory_order_release);
  }
  Result<void> status;
  SLUICE_TRY_VOID(
      index_.scan(Family::kMeta, kPrefix, "", [&](std::string_view key, std::string_view bytes) {
        std::string name(key.substr(kPrefix.size()));
        auto snapshot = decode(name, bytes);
        if (!snapshot) {
          status = unreadable("snapshot " + name);
          return false;
        }
        snapshots_.insert_or_assign(std::move(name), std::move(*snapshot));
        return true;
      }));
  return status;
}

Result<void> Editions::add(const Snapshot& snapshot) {
  SLUICE_TRY_VOID(check_snapshot_name(snapshot.name));
  const std::string thing = "snapshot " + snapshot.name;
  if (snapshot.note.size() > kMaxNoteBytes) {
    return Error{ErrorCode::kInvalid, thing,
                 "its note is longer than " + std::to_string(kMaxNoteBytes) + " bytes",
                 "say it shorter"};
  }
  const std::lock_guard lock(mutex_);
  if (const auto held = snapshots_.find(snapshot.name); held != snapshots_.end()) {
    return Error{ErrorCode::kRefused, thing,
                 "it is edition " + std::to_string(held->second.edition.value()) + " already",
                 "choose another name, or delete that one first: who works with it would be moved"};
  }
  if (snapshots_.size() >= kMaxSnapshots) {
    return Error{ErrorCode::kRefused, thing,
                 "there are " + std::to_string(kMaxSnapshots) + " snapshots already",
                 "delete some: sluice-high snapshot list"};
  }
  if (!kept_locked(oldest(), UtcTime::min()).contains(snapshot.edition.value())) {
    return Error{ErrorCode::kNotFound, "edition " + std::to_string(snapshot.edition.value()),
                 "it cannot be read any more: the oldest is " + std::to_string(oldest().value()),
                 "name a later one"};
  }
  store::Batch batch;
  batch.put(Family::kMeta, key_of(snapshot.name), encode(snapshot));
  SLUICE_TRY_VOID(index_.write(batch, store::Durability::kSynced));
  snapshots_.emplace(snapshot.name, snapshot);
  return {};
}

Result<void> Editions::remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (!snapshots_.contains(name)) {
    return Error{ErrorCode::kNotFound, "snapshot " + name.substr(0, 2 * kMaxNameBytes),
                 "there is none of that name", "sluice-high snapshot list shows what there is"};
  }
  store::Batch batch;
  batch.remove(Family::kMeta, key_of(name));
  SLUICE_TRY_VOID(index_.write(batch, store::Durability::kSynced));
  snapshots_.erase(name);
  return {};
}

KeptEditions Editions::kept_locked(Edition oldest, UtcTime now) const {
  KeptEditions kept{std::max(oldest.value(), oldest_.load(std::memory_order_acquire)), {}};
  for (const auto& [name, snapshot] : snapshots_) {
    if (!snapshot.expired(now)) {
      kept.named.insert(snapshot.edition.value());
    }
  }
  return kept;
}

KeptEditions Editions::without_old(Edition oldest, UtcTime now) const {
  const std::lock_guard lock(mutex_);
  return kept_locked(oldest, now);
}

Result<KeptEditions> Editions::retire(Edition oldest, UtcTime now) {
  const std::lock_guard lock(mutex_);
  KeptEditions kept = kept_locked(oldest, now);
  store::Batch batch;
  std::string value;
  store::append_u64(value, kept.oldest);
  if (kept.oldest != oldest_.load(std::memory_order_acquire)) {
    batch.put(Family::kMeta, std::string(kOldestKey), std::move(value));
  }
  for (const auto& [name, snapshot] : snapshots_) {
    if (snapshot.expired(now)) {
      batch.remove(Family::kMeta, key_of(name));
    }
  }
  if (!batch.empty()) {
    SLUICE_TRY_VOID(index_.write(batch, store::Durability::kSynced));
  }
  std::erase_if(snapshots_, [&](const auto& one) { return one.second.expired(now); });
  oldest_.store(kept.oldest, std::memory_order_release);
  return kept;
}

bool Editions::kept(Edition edition) const {
  if (edition >= oldest()) {
    return true;
  }
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(snapshots_,
                             [&](const auto& one) { return one.second.edition == edition; });
}

std::optional<Snapshot> Editions::find_snapshot(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = snapshots_.find(name);
  return found == snapshots_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<Snapshot> Editions::snapshots() const {
  const std::lock_guard lock(mutex_);
  std::vector<Snapshot> all;
  for (const auto& [name, snapshot] : snapshots_) {
    all.push_back(snapshot);
  }
  return all;
}

std::size_t Editions::size() const {
  const std::lock_guard lock(mutex_);
  return snapshots_.size();
}

}  // namespace sluice::high
