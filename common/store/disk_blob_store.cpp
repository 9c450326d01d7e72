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

DiskBlobStore::DiskBlobStore(KeyValueStore& index, FileSystem& files, fs::path folder)
    : index_(index), files_(files), folder_(std::move(folder)), staging_(folder_ / "staging") {}

Result<std::unique_ptr<DiskBlobStore>> DiskBlobStore::open(KeyValueStore& index, FileSystem& files,
                                                           fs::path folder,
                                                           const KeepStaging& keep) {
  std::unique_ptr<DiskBlobStore> store(new DiskBlobStore(index, files, std::move(folder)));
  SLUICE_TRY_VOID(store->start(keep));
  return store;
}

Result<void> DiskBlobStore::start(const KeepStaging& keep) {
  SLUICE_TRY_VOID(files_.create_directories(folder_ / "blobs"));
  SLUICE_TRY_VOID(files_.create_directories(staging_));
  SLUICE_TRY_VOID(files_.sync_directory(folder_));
  SLUICE_TRY_VOID(files_.sync_directory(fs::absolute(folder_).parent_path()));
  SLUICE_TRY_VOID(settle());
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
  return for_each([this](const BlobInfo& info) {
    ++blobs_;
    bytes_ += info.size;
    return true;
  });
}

Result<void> DiskBlobStore::settle() {
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

Result<void> DiskBlobStore::settle(const Sha256Digest& digest) {
  const KeyLocks::Held held = locks_.lock({blob_key(digest)});
  SLUICE_TRY(const auto known, stored(digest));
  if (!known || known->place != proto::StoredBlob::FILE) {
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

Error DiskBlobStore::missing(const Sha256Digest& digest) const {
  return {ErrorCode::kIntegrity, "blob " + digest.hex(),
          "the index has it, but its bytes are gone from " + folder_.string(),
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
  SLUICE_TRY(const auto known, stored(digest));
  const std::string name = "blob " + digest.hex();
  Error not_here{ErrorCode::kNotFound, name, "is not held", ""};
  if (!known) {
    return not_here;
  }
  if (known->place == proto::StoredBlob::INLINE) {
    SLUICE_TRY(auto bytes, index_.get(Family::kBlobs, blob_key(digest)));
    if (bytes && bytes->size() == known->info.size) {
      return read_inline(name, std::move(*bytes));
    }
  } else {
    auto file = files_.open_for_reading(file_path(digest));
    if (file) {
      SLUICE_TRY(const std::uint64_t size, (*file)->size());
      if (size == known->info.size) {
        return read_from_file(name, std::move(*file), size);
      }
    } else if (file.error().code != ErrorCode::kNotFound) {
      return std::move(file).error();
    }
  }
  // It may have been removed between the two looks.
  SLUICE_TRY(const auto still, stored(digest));
  return still ? missing(digest) : not_here;
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
  const bool in_file = known->place == proto::StoredBlob::FILE;
  Batch batch;
  batch.remove(Family::kBlobInfo, blob_key(digest));
  if (in_file) {
    batch.put(Family::kMeta, unsettled_key(digest), "");
  } else {
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
    unsettled_ = true;
  }
  return {};
}

Result<void> DiskBlobStore::for_each(const Sha256Digest& from,
                                     const std::function<bool(const BlobInfo&)>& each) const {
  Result<void> outcome;
  SLUICE_TRY_VOID(index_.scan(Family::kBlobInfo, "", blob_key(from),
                              [&](std::string_view key, std::string_view value) {
                                const auto read = read_stored(key, value);
                                if (!read) {
                                  outcome = read.error();
                                  return false;
                                }
                                return each(read->info);
                              }));
  return outcome;
}

StagingPath DiskBlobStore::new_staging_path() {
  return StagingPath(staging_ / std::to_string(next_staging_++));
}

BlobStore::Usage DiskBlobStore::usage() const { return {blobs_, bytes_}; }

}  // namespace sluice::store
