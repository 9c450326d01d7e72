#include "common/store/disk_blob_store.h"

#include <algorithm>
#include <charconv>

#include "common/store/blob_readers.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

// The first number for new staging files after one of this name, which stays.
std::uint64_t number_after(const std::string& name) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(name.data(), name.data() + name.size(), number);
  return read.ec == std::errc() ? number + 1 : 0;
}

}  // namespace

DiskBlobStore::DiskBlobStore(KeyValueStore& index, FileSystem& files, fs::path folder,
                             std::uint64_t pack_from)
    : index_(index),
      files_(files),
      folder_(std::move(folder)),
      staging_(folder_ / "staging"),
      pack_from_(pack_from),
      packs_(files, folder_ / "packs") {}

Result<std::unique_ptr<DiskBlobStore>> DiskBlobStore::open(KeyValueStore& index, FileSystem& files,
                                                           fs::path folder, const KeepStaging& keep,
                                                           std::uint64_t pack_from) {
  std::unique_ptr<DiskBlobStore> store(
      new DiskBlobStore(index, files, std::move(folder), pack_from));
  SLUICE_TRY_VOID(store->start(keep));
  return store;
}

Result<void> DiskBlobStore::start(const KeepStaging& keep) {
  SLUICE_TRY_VOID(files_.create_directories(folder_ / "blobs"));
  SLUICE_TRY_VOID(files_.create_directories(staging_));
  SLUICE_TRY_VOID(packs_.make());
  SLUICE_TRY_VOID(files_.sync_directory(folder_));
  SLUICE_TRY_VOID(files_.sync_directory(fs::absolute(folder_).parent_path()));
  SLUICE_TRY_VOID(settle_noted());
  SLUICE_TRY_VOID(sweep_staging(keep));
  return count_blobs();
}

Result<void> DiskBlobStore::sweep_staging(const KeepStaging& keep) {
  std::vector<fs::path> unclaimed;
  SLUICE_TRY_VOID(files_.list_files(staging_, [&](const std::string& name) {
    const StagingPath path(staging_ / name);
    if (!keep || !keep(path)) {
      unclaimed.push_back(path.value());
    } else {
      next_staging_ = std::max(next_staging_.load(), number_after(name));
    }
  }));
  for (const fs::path& path : unclaimed) {
    SLUICE_TRY_VOID(files_.remove(path));
  }
  return {};
}

Result<void> DiskBlobStore::count_blobs() {
  SLUICE_TRY_VOID(for_each_stored({}, [this](const StoredInfo& blob) {
    ++blobs_;
    bytes_ += blob.info.size;
    if (blob.place.kind == proto::StoredBlob::PACK) {
      packs_.add(blob.place.in_pack, blob.info.size);
    }
    return true;
  }));
  return packs_.sweep([this](const std::function<void(const PackFolder::Living&)>& each) {
    return for_each_stored({}, [&](const StoredInfo& blob) {
      if (blob.place.kind == proto::StoredBlob::PACK) {
        each({blob.place.in_pack, blob.info.size});
      }
      return true;
    });
  });
}

Result<void> DiskBlobStore::settle_noted() {
  std::vector<Sha256Digest> noted;
  SLUICE_TRY_VOID(
      index_.scan(Family::kMeta, kUnsettledPrefix, "", [&](std::string_view key, std::string_view) {
        if (const auto digest =
                Sha256Digest::from_bytes(as_bytes(key.substr(kUnsettledPrefix.size())))) {
          noted.push_back(*digest);
        }
        return true;
      }));
  for (const Sha256Digest& digest : noted) {
    SLUICE_TRY_VOID(settle(digest));
  }
  return {};
}

void DiskBlobStore::settle_left(const Unsettled& left) {
  for (const auto& [digest, failure] : left) {
    const KeyLocks::Held held = locks_.lock({blob_key(digest)});
    if (is_unsettled(digest, failure) && settle(digest)) {
      const std::lock_guard lock(unsettled_mutex_);
      unsettled_.erase(digest);
    }
  }
}

DiskBlobStore::Unsettled DiskBlobStore::unsettled() const {
  const std::lock_guard lock(unsettled_mutex_);
  return unsettled_;
}

bool DiskBlobStore::is_unsettled(const Sha256Digest& digest, std::uint64_t failure) const {
  const std::lock_guard lock(unsettled_mutex_);
  const auto left = unsettled_.find(digest);
  return left != unsettled_.end() && left->second == failure;
}

void DiskBlobStore::leave_unsettled(const Sha256Digest& digest) {
  const std::lock_guard lock(unsettled_mutex_);
  unsettled_[digest] = ++failures_;
}

Result<void> DiskBlobStore::settle(const Sha256Digest& digest) {
  SLUICE_TRY(const auto known, stored(digest));
  if (!known || known->place.kind != proto::StoredBlob::FILE) {
    return remove_file(digest);
  }
  return forget_note(digest);
}

// For good, before the note of it goes.
Result<void> DiskBlobStore::remove_file(const Sha256Digest& digest) {
  const fs::path path = file_path(digest);
  SLUICE_TRY_VOID(files_.remove(path));
  Result<void> synced = files_.sync_directory(path.parent_path());
  if (!synced && synced.error().code != ErrorCode::kNotFound) {
    return synced;
  }
  return forget_note(digest);
}

Result<void> DiskBlobStore::forget_note(const Sha256Digest& digest) {
  Batch settled;
  settled.remove(Family::kMeta, unsettled_key(digest));
  return index_.write(settled, Durability::kUnsynced);  // a note too many only costs a look
}

fs::path DiskBlobStore::file_path(const Sha256Digest& digest) const {
  const std::string hex = digest.hex();
  return folder_ / "blobs" / hex.substr(0, 2) / hex.substr(2, 2) / hex;
}

Error DiskBlobStore::missing(const StoredInfo& known) const {
  const fs::path from =
      known.place.kind == proto::StoredBlob::PACK ? packs_.path(known.place.in_pack.pack) : folder_;
  return {ErrorCode::kIntegrity, "blob " + known.info.digest.hex(),
          "the index has it, but its bytes are gone from " + from.string(),
          "restore the store from a backup, or let the blob cross again"};
}

Result<std::optional<StoredInfo>> DiskBlobStore::stored(const Sha256Digest& digest) const {
  const std::string key = blob_key(digest);
  SLUICE_TRY(const auto value, index_.get(Family::kBlobInfo, key));
  if (!value) {
    return std::optional<StoredInfo>();
  }
  SLUICE_TRY(StoredInfo read, read_stored(key, *value));
  return std::optional(std::move(read));
}

Result<std::optional<BlobInfo>> DiskBlobStore::find(const Sha256Digest& digest) const {
  SLUICE_TRY(auto known, stored(digest));
  return known ? std::optional(std::move(known->info)) : std::nullopt;
}

Result<std::optional<Sha256Digest>> DiskBlobStore::resolve(const Digest& alias) const {
  if (const auto digest = alias.as_sha256()) {
    SLUICE_TRY(const auto known, stored(*digest));
    return known ? digest : std::nullopt;
  }
  SLUICE_TRY(const auto value, index_.get(Family::kAliases, alias_key(alias)));
  return value ? Sha256Digest::from_bytes(as_bytes(*value)) : std::nullopt;
}

Result<std::unique_ptr<BlobReader>> DiskBlobStore::open(const Sha256Digest& digest) const {
  SLUICE_TRY(auto known, stored(digest));
  while (known) {
    SLUICE_TRY(auto reader, open(*known));
    if (reader && known->place.kind != proto::StoredBlob::PACK) {
      return reader;
    }
    // It may have been removed between the two looks; then what was read of a pack may be a hole.
    SLUICE_TRY(auto still, stored(digest));
    if (still && still->place == known->place) {
      return reader ? Result<std::unique_ptr<BlobReader>>(std::move(reader)) : missing(*known);
    }
    known = std::move(still);
  }
  return Error{ErrorCode::kNotFound, "blob " + digest.hex(), "is not held", ""};
}

Result<std::unique_ptr<BlobReader>> DiskBlobStore::open(const StoredInfo& known) const {
  const BlobInfo& info = known.info;
  const std::string name = "blob " + info.digest.hex();
  if (known.place.kind == proto::StoredBlob::FILE) {
    auto file = files_.open_for_reading(file_path(info.digest));
    if (file) {
      SLUICE_TRY(const std::uint64_t size, (*file)->size());
      return size == info.size ? read_from_file(name, std::move(*file), size) : nullptr;
    }
    return file.error().code == ErrorCode::kNotFound
               ? Result<std::unique_ptr<BlobReader>>(std::unique_ptr<BlobReader>())
               : std::move(file).error();
  }
  if (known.place.kind == proto::StoredBlob::PACK) {
    auto bytes = packs_.read(known.place.in_pack, info.size);
    if (bytes) {
      return read_inline(name, std::move(*bytes));
    }
    const ErrorCode code = bytes.error().code;
    return code == ErrorCode::kNotFound || code == ErrorCode::kIntegrity
               ? Result<std::unique_ptr<BlobReader>>(std::unique_ptr<BlobReader>())
               : std::move(bytes).error();
  }
  SLUICE_TRY(auto bytes, index_.get(Family::kBlobs, blob_key(info.digest)));
  return bytes && bytes->size() == info.size ? read_inline(name, std::move(*bytes)) : nullptr;
}

Result<bool> DiskBlobStore::is_there(const StoredInfo& known) const {
  switch (known.place.kind) {
    case proto::StoredBlob::FILE:
      return files_.exists(file_path(known.info.digest));
    case proto::StoredBlob::PACK:
      return packs_.exists(known.place.in_pack.pack);
    default:
      return true;
  }
}

Result<void> DiskBlobStore::remove(const Sha256Digest& digest) {
  std::set<std::string> keys{blob_key(digest)};
  SLUICE_TRY(const auto before, stored(digest));
  if (!before) {
    return {};
  }
  for (const Digest& alias : before->info.aliases) {
    keys.insert(alias_key(alias));
  }
  const KeyLocks::Held held = locks_.lock(std::move(keys));
  SLUICE_TRY(const auto known, stored(digest));
  if (!known) {
    return {};
  }
  const bool in_file = known->place.kind == proto::StoredBlob::FILE;
  const bool in_pack = known->place.kind == proto::StoredBlob::PACK;
  Batch batch;
  batch.remove(Family::kBlobInfo, blob_key(digest));
  if (in_file) {
    batch.put(Family::kMeta, unsettled_key(digest), "");
  } else if (!in_pack) {
    batch.remove(Family::kBlobs, blob_key(digest));
  }
  for (const Digest& alias : known->info.aliases) {
    SLUICE_TRY(const auto named, resolve(alias));
    if (named == digest) {
      batch.remove(Family::kAliases, alias_key(alias));
    }
  }
  SLUICE_TRY_VOID(index_.write(batch, Durability::kSynced));
  --blobs_;
  bytes_ -= known->info.size;
  if (in_file && !remove_file(digest)) {
    leave_unsettled(digest);
  }
  if (in_pack) {
    packs_.remove(known->place.in_pack, known->info.size);
  }
  return {};
}

Result<void> DiskBlobStore::for_each(const Sha256Digest& from,
                                     const std::function<bool(const BlobInfo&)>& each) const {
  return for_each_stored(from, [&](const StoredInfo& blob) { return each(blob.info); });
}

Result<void> DiskBlobStore::for_each_stored(
    const Sha256Digest& from, const std::function<bool(const StoredInfo&)>& each) const {
  Result<void> outcome;
  SLUICE_TRY_VOID(index_.scan(Family::kBlobInfo, "", blob_key(from),
                              [&](std::string_view key, std::string_view value) {
                                const auto read = read_stored(key, value);
                                if (!read) {
                                  outcome = read.error();
                                  return false;
                                }
                                return each(*read);
                              }));
  return outcome;
}

StagingPath DiskBlobStore::new_staging_path() {
  return StagingPath(staging_ / std::to_string(next_staging_++));
}

void DiskBlobStore::drop_from_cache(const Sha256Digest& digest) const {
  const auto known = stored(digest);
  if (!known || !*known) {
    return;
  }
  const StoredInfo& blob = **known;
  if (blob.place.kind == proto::StoredBlob::PACK) {
    packs_.drop_from_cache(blob.place.in_pack, blob.info.size);
  } else if (blob.place.kind == proto::StoredBlob::FILE) {
    if (const auto file = files_.open_for_reading(file_path(digest))) {
      (*file)->drop_from_cache(0, 0);
    }
  }
}

BlobStore::Usage DiskBlobStore::usage() const { return {blobs_, bytes_}; }

}  // namespace sluice::store
