// Which editions can be read: those from `oldest` on, and older ones that have a name.
//
// On disk: kMeta "catalog.oldest", a number of 8 bytes, and "snapshot/" and a name, with a
// StoredSnapshot.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/store/key_value_store.h"
#include "highside/pipeline/snapshots.h"

namespace sluice::high {

// A value: what a garbage collection goes by.
struct KeptEditions {
  std::uint64_t oldest = 0;
  std::set<std::uint64_t> named;  // also below `oldest`

  bool contains(std::uint64_t edition) const {
    return edition >= oldest || named.contains(edition);
  }
  // Whether one of them is in [since, next): it shows a document's state of `since`, where `next`
  // is the edition that changed the document again.
  bool sees(std::uint64_t since, std::uint64_t next) const;
};

// Callable from any thread.
class Editions final : public SnapshotReader {
 public:
  static constexpr std::size_t kMaxSnapshots = 10'000;  // each about 1.2 KB at the most
  static constexpr std::size_t kMaxNameBytes = 64;
  static constexpr std::size_t kMaxNoteBytes = 1024;

  explicit Editions(store::KeyValueStore& index) : index_(index) {}

  Result<void> load();

  // Durable when it returns, as with all that follow; on failure nothing has changed. kInvalid: the
  // name or the note will not do. kRefused: the name is taken, or there are too many. kNotFound:
  // that edition cannot be read any more.
  Result<void> add(const Snapshot& snapshot);
  Result<void> remove(const std::string& name);  // kNotFound

  // What can be read when editions before `oldest` and snapshots that expired are let go of.
  KeptEditions without_old(Edition oldest, UtcTime now) const;
  // Lets go of them, before anything of theirs is removed. `oldest` never goes back.
  Result<KeptEditions> retire(Edition oldest, UtcTime now);

  // Without a lock for editions from oldest() on. A reader asks after it has read: if the answer is
  // true, nothing that it read had been removed.
  bool kept(Edition edition) const;
  Edition oldest() const override { return Edition(oldest_.load(std::memory_order_acquire)); }
  std::optional<Snapshot> find_snapshot(std::string_view name) const override;
  std::vector<Snapshot> snapshots() const override;
  std::size_t size() const;

 private:
  KeptEditions kept_locked(Edition oldest, UtcTime now) const;

  store::KeyValueStore& index_;
  mutable std::mutex mutex_;
  std::map<std::string, Snapshot, std::less<>> snapshots_;
  std::atomic<std::uint64_t> oldest_{0};
};

// Why it cannot be the name of a snapshot: letters, digits, "._-", 64 at most, not a number alone
// and not "current", so that it is never taken for an edition.
Result<void> check_snapshot_name(std::string_view name);

}  // namespace sluice::high
