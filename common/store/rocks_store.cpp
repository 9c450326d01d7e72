// How a full disk passes. A write that fails for want of space stops all later ones. RocksDB's own
// recovery (DB::Resume, or by its SstFileManager) is not enough: with an empty memtable it keeps
// the log file whose writer has failed, and refuses every later write (RocksDB issue 11643,
// since 7.6). So the folder is closed and opened again once there is space. Opening replays the
// log, and may so bring back a batch whose write was reported as failed; it is undone before
// anything else is written.
//
//   write ── fails: no space ──> failed_ = [batch]      reads go on
//   write ── failed_, disk still full ──> kExhausted
//   write ── failed_, space ──> old values of the failed keys → close → open → write them → go on
//
// A write that fails otherwise (EIO, a read-only file system) is the last: it is told, and the
// program is to end.
#include "common/store/rocks_store.h"

#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "common/store/log_check.h"
#include "common/store/rocks_database.h"

namespace sluice::store {
namespace {

using Database = std::shared_ptr<RocksDatabase>;

void raise(std::atomic<std::uint64_t>& value, std::uint64_t to) {
  std::uint64_t now = value.load();
  while (now < to && !value.compare_exchange_weak(now, to)) {
  }
}

// RocksDB notes in a batch that it has written which sequence number it got: the first eight bytes,
// little-endian (write_batch.cc, "rep_").
std::uint64_t last_sequence(const rocksdb::WriteBatch& written) {
  std::uint64_t first = 0;
  for (std::size_t i = 8; i-- > 0;) {
    first = first << 8 | static_cast<std::uint8_t>(written.Data()[i]);
  }
  return first + static_cast<std::uint64_t>(written.Count()) - 1;
}

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(const rocksdb::Slice& text) { return {text.data(), text.size()}; }

// Files that opening makes: a log, a manifest and what goes with it, a table or two for each
// family.
constexpr std::size_t kFilesOfOpening = 32;

constexpr std::size_t kProbeBytes = std::size_t{64} << 10;  // in each

// Makes files, writes them and removes them: bytes may be free, but no inodes (mkfs -N), no
// descriptors, or none of this user's quota. Else opening would fail after closing, and nothing
// could be read until it succeeds.
rocksdb::Status make_files(rocksdb::Env& env, const std::string& folder) {
  const std::string bytes(kProbeBytes, '\0');
  std::vector<std::string> made;
  std::vector<std::unique_ptr<rocksdb::WritableFile>> open;
  rocksdb::Status status;
  while (status.ok() && made.size() < kFilesOfOpening) {
    made.push_back(folder + "/probe-" + std::to_string(made.size()));
    auto& file = open.emplace_back();
    status = env.NewWritableFile(made.back(), &file, rocksdb::EnvOptions());
    if (status.ok()) {
      status = file->Append(bytes);
    }
    if (status.ok()) {
      status = file->Close();
    }
  }
  open.clear();
  for (const std::string& file : made) {
    static_cast<void>(env.DeleteFile(file));
  }
  return status;
}

// Room for what a batch becomes, so that RocksDB does not copy it each time it grows.
std::size_t encoded_bytes(const Batch& batch) {
  std::size_t bytes = 256;  // its header, and the mark
  for (const Batch::Operation& operation : batch.operations()) {
    bytes += 16 + operation.key.size() + (operation.value ? operation.value->size() : 0);
  }
  return bytes;
}

// The iterator of `family`, with its status checked by the caller at the end.
std::unique_ptr<rocksdb::Iterator> iterate(const RocksDatabase& database, Family family) {
  return std::unique_ptr<rocksdb::Iterator>(
      database.db().NewIterator(rocksdb::ReadOptions(), database.family(family)));
}

class RocksStore final : public KeyValueStore {
 public:
  RocksStore(RocksSettings settings, Database database)
      : settings_(std::move(settings)), database_(std::move(database)) {}
  // Leaves a last mark, so that damage to all that was synced before is seen at the next start.
  ~RocksStore() override {
    if (database_ && !stopped_) {
      static_cast<void>(write_to(*database_, {}, Durability::kSynced));
    }
  }

  Result<std::optional<std::string>> get(Family family, std::string_view key) const override;
  Result<void> write(const Batch& batch, Durability durability) override;
  Result<void> scan(
      Family family, std::string_view prefix, std::string_view from,
      const std::function<bool(std::string_view, std::string_view)>& each) const override;
  Result<std::optional<std::pair<std::string, std::string>>> last_at_or_before(
      Family family, std::string_view prefix, std::string_view key) const override;

 private:
  Error error(const rocksdb::Status& status) const {
    return rocks_error(settings_.folder.string(), status);
  }
  // Keeps the database open for as long as the caller holds it.
  Result<Database> database() const;
  Result<std::optional<std::string>> get(const RocksDatabase& database, Family family,
                                         std::string_view key) const;
  Result<void> write_to(const RocksDatabase& database, const Batch& batch, Durability durability);
  void note_failure(const Batch& batch, const Error& error);
  void tell_if_broken(const Error& error);
  Result<void> reopen_after_failure();
  Result<void> add_undo_of_failed(const RocksDatabase& database);

  const RocksSettings settings_;
  mutable std::shared_mutex mutex_;  // of database_; writers hold it shared while they write
  Database database_;                // none after opening again has failed
  std::mutex failure_mutex_;
  std::atomic<bool> stopped_ = false;  // a write has failed for want of space
  std::vector<Batch> failed_;          // at most one for each thread that was writing then
  Batch undo_;                         // not empty: to be written before anything else
  std::atomic<std::uint64_t> synced_through_ = 0;  // log_check.h
  std::optional<Error> broken_;                    // a write has failed for good
};

Result<Database> RocksStore::database() const {
  const std::shared_lock lock(mutex_);
  if (!database_) {
    return Error{ErrorCode::kExhausted, settings_.folder.string(),
                 "could not be opened again after the disk was full", "free space on that disk"};
  }
  return database_;
}

Result<std::optional<std::string>> RocksStore::get(const RocksDatabase& database, Family family,
                                                   std::string_view key) const {
  std::string value;
  const rocksdb::Status status =
      database.db().Get(rocksdb::ReadOptions(), database.family(family), slice(key), &value);
  if (status.IsNotFound()) {
    return std::optional<std::string>();
  }
  if (!status.ok()) {
    return error(status);
  }
  return std::optional(std::move(value));
}

Result<std::optional<std::string>> RocksStore::get(Family family, std::string_view key) const {
  SLUICE_TRY(const Database open, database());
  return get(*open, family, key);
}

Result<void> RocksStore::write_to(const RocksDatabase& database, const Batch& batch,
                                  Durability durability) {
  rocksdb::WriteBatch writes(encoded_bytes(batch));
  for (const Batch::Operation& operation : batch.operations()) {
    rocksdb::ColumnFamilyHandle* family = database.family(operation.family);
    const rocksdb::Status status = operation.value
                                       ? writes.Put(family, operation.key, *operation.value)
                                       : writes.Delete(family, operation.key);
    if (!status.ok()) {
      return error(status);
    }
  }
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::kSynced;
  if (options.sync) {
    const rocksdb::Status status =
        writes.Put(database.family(Family::kMeta), slice(kMarkKey), write_mark(synced_through_));
    if (!status.ok()) {
      return error(status);
    }
  }
  if (const rocksdb::Status status = database.db().Write(options, &writes); !status.ok()) {
    // Where RocksDB has met damage, the batch is not at fault: nothing can be written any more.
    Error failed = error(status);
    failed.code = failed.code == ErrorCode::kIntegrity ? ErrorCode::kIo : failed.code;
    return failed;
  }
  if (options.sync) {
    raise(synced_through_, last_sequence(writes));
  }
  return {};
}

Result<void> RocksStore::write(const Batch& batch, Durability durability) {
  if (stopped_) {
    if (const auto reopened = reopen_after_failure(); !reopened) {
      tell_if_broken(reopened.error());
      return reopened;
    }
  }
  SLUICE_TRY(const Database open, database());
  Result<void> written = write_to(*open, batch, durability);
  if (!written) {
    note_failure(batch, written.error());
  }
  return written;
}

void RocksStore::note_failure(const Batch& batch, const Error& error) {
  if (error.code == ErrorCode::kExhausted) {
    const std::lock_guard lock(failure_mutex_);
    failed_.push_back(batch);
    stopped_ = true;
  }
  tell_if_broken(error);
}

void RocksStore::tell_if_broken(const Error& error) {
  if (error.code != ErrorCode::kIo) {
    return;
  }
  {
    const std::lock_guard lock(failure_mutex_);
    stopped_ = true;
    if (std::exchange(broken_, error)) {
      return;
    }
  }
  settings_.failed(error);
}

// What the keys of the failed batches hold now, which is what they held before.
Result<void> RocksStore::add_undo_of_failed(const RocksDatabase& database) {
  for (const Batch& batch : failed_) {
    for (const Batch::Operation& operation : batch.operations()) {
      SLUICE_TRY(auto value, get(database, operation.family, operation.key));
      if (value) {
        undo_.put(operation.family, operation.key, std::move(*value));
      } else {
        undo_.remove(operation.family, operation.key);
      }
    }
  }
  failed_.clear();
  return {};
}

Result<void> RocksStore::reopen_after_failure() {
  const std::lock_guard failure(failure_mutex_);
  if (!stopped_) {
    return {};  // another thread has done it
  }
  if (broken_) {
    return *broken_;
  }
  Error still_full{ErrorCode::kExhausted, settings_.folder.string(),
                   "the disk is full, or was and is being left alone until " +
                       std::to_string(settings_.resume_free_bytes) + " bytes are free",
                   "free space on that file system (df, df -i); writing goes on by itself"};
  rocksdb::Env* env = settings_.env != nullptr ? settings_.env : rocksdb::Env::Default();
  std::uint64_t free = 0;
  if (!env->GetFreeSpace(settings_.folder.string(), &free).ok() ||
      free < settings_.resume_free_bytes) {
    return still_full;
  }
  if (const auto probed = make_files(*env, settings_.folder.string()); !probed.ok()) {
    const Error refused = error(probed);
    return refused.code == ErrorCode::kExhausted ? still_full : refused;
  }
  const std::unique_lock lock(mutex_);
  if (database_) {
    if (database_.use_count() > 1) {
      return still_full;  // somebody reads from it; a later write finds it idle
    }
    SLUICE_TRY_VOID(add_undo_of_failed(*database_));
    database_.reset();
  }
  auto opened = RocksDatabase::open(settings_);
  if (!opened) {
    Error failed = std::move(opened).error();
    failed.code = failed.code == ErrorCode::kIntegrity ? ErrorCode::kIo : failed.code;  // as above
    return failed;
  }
  database_ = std::move(*opened);
  if (!undo_.empty()) {
    if (auto undone = write_to(*database_, undo_, Durability::kSynced); !undone) {
      return undone;  // stays stopped, and undo_ stays to be written
    }
    undo_ = Batch{};
  }
  stopped_ = false;
  return {};
}

Result<void> RocksStore::scan(
    Family family, std::string_view prefix, std::string_view from,
    const std::function<bool(std::string_view, std::string_view)>& each) const {
  SLUICE_TRY(const Database open, database());
  const auto at = iterate(*open, family);
  at->Seek(slice(std::max(prefix, from)));
  while (at->Valid() && at->key().starts_with(slice(prefix)) &&
         each(view(at->key()), view(at->value()))) {
    at->Next();
  }
  if (!at->status().ok()) {
    return error(at->status());
  }
  return {};
}

Result<std::optional<std::pair<std::string, std::string>>> RocksStore::last_at_or_before(
    Family family, std::string_view prefix, std::string_view key) const {
  SLUICE_TRY(const Database open, database());
  const auto at = iterate(*open, family);
  at->SeekForPrev(slice(key));
  if (!at->status().ok()) {
    return error(at->status());
  }
  if (!at->Valid() || !at->key().starts_with(slice(prefix))) {
    return std::optional<std::pair<std::string, std::string>>();
  }
  return std::optional(std::pair(at->key().ToString(), at->value().ToString()));
}

}  // namespace

Result<std::unique_ptr<KeyValueStore>> open_rocks_store(const RocksSettings& settings) {
  SLUICE_TRY(Database database, RocksDatabase::open(settings));
  return std::unique_ptr<KeyValueStore>(
      std::make_unique<RocksStore>(settings, std::move(database)));
}

}  // namespace sluice::store
