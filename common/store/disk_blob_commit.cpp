// commit(): everything is planned and checked first, then done in the order that the header gives.
#include <algorithm>
#include <map>
#include <set>

#include "common/base/limits.h"
#include "common/store/disk_blob_store.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

// Small files are read into the batch; past this they stay files, so that a commit of many needs no
// more memory.
constexpr std::uint64_t kMaxReadInBytes = std::uint64_t{64} << 20;
// Open files that are then synced together: a few times as many as are synced at once.
constexpr std::size_t kSyncTogether = 32;

Error wrong_size(const Sha256Digest& digest, std::uint64_t said, std::uint64_t found) {
  return {
      ErrorCode::kIntegrity, "blob " + digest.hex(),
      "has " + std::to_string(found) + " bytes where " + std::to_string(said) + " were announced",
      "let it be fetched or sent again"};
}

std::size_t folder_index(const Sha256Digest& digest) {
  return std::size_t{digest.bytes()[0]} << 8 | digest.bytes()[1];
}

bool is_packed(ByteView content) { return content.size() >= PackFolder::kMinBlobBytes; }

}  // namespace

// The entry of a blob, as far as it does not depend on where its bytes will be.
struct DiskBlobStore::Entry {
  BlobInfo info;                       // with the aliases that it has
  const std::vector<Digest>* aliases;  // that come with it
  BlobPlace before;
};

struct DiskBlobStore::Merged {
  const NewBlob* blob = nullptr;  // the first of its digest
  std::vector<Digest> aliases;    // of all
};

struct DiskBlobStore::Plan {
  struct NewFile {
    Sha256Digest digest;
    StagingPath staging;
  };
  struct Small {
    Entry entry;
    ByteView content;  // the caller's, or `read`
    Bytes read;
    BlobPlace place{proto::StoredBlob::INLINE, {}};
  };
  struct Packed {
    PackPlace place;
    std::uint64_t size;
  };

  Batch batch;                                  // the last step
  std::vector<std::unique_ptr<File>> unsynced;  // of `files`, and the pack
  std::vector<NewFile> files;                   // to link into place
  std::vector<Small> small;                     // inline or into the pack
  std::optional<std::uint64_t> pack;            // the new one
  std::vector<Packed> packed;                   // in it
  std::vector<Packed> replaced;                 // whose pack is gone
  std::vector<StagingPath> obsolete;            // to remove at the end
  std::set<std::string> aliases;                // keys that the batch puts
  std::uint64_t read_in = 0;                    // bytes of small files in memory
  std::uint64_t blobs = 0;
  std::uint64_t bytes = 0;
};

Result<void> DiskBlobStore::commit(const std::vector<NewBlob>& blobs, const Batch& along) {
  Plan plan;
  const auto merged = merge(blobs, plan.obsolete);
  const Unsettled left = unsettled();
  {
    std::set<std::string> keys;
    for (const auto& [digest, one] : merged) {
      keys.insert(blob_key(digest));
      for (const Digest& alias : one.aliases) {
        keys.insert(alias_key(alias));
      }
    }
    const KeyLocks::Held held = locks_.lock(std::move(keys));
    if (Result<void> prepared = prepare(merged, along, plan); !prepared) {
      if (plan.pack) {
        packs_.discard(*plan.pack);
      }
      return prepared;
    }
    if (!plan.batch.empty()) {
      SLUICE_TRY_VOID(write_batch(plan));
    }
    blobs_ += plan.blobs;
    bytes_ += plan.bytes;
    finish(plan);
  }
  if (!plan.batch.empty()) {
    settle_left(left);
  }
  return {};
}

// One entry for each blob; files of further ones go to `obsolete`.
std::map<Sha256Digest, DiskBlobStore::Merged> DiskBlobStore::merge(
    const std::vector<NewBlob>& blobs, std::vector<StagingPath>& obsolete) {
  std::map<Sha256Digest, Merged> merged;
  for (const NewBlob& blob : blobs) {
    const auto [at, added] = merged.try_emplace(blob.info.digest, Merged{&blob, {}});
    auto& aliases = at->second.aliases;
    aliases.insert(aliases.end(), blob.info.aliases.begin(), blob.info.aliases.end());
    if (added) {
      continue;
    }
    const auto* staging = std::get_if<StagingPath>(&blob.content);
    const auto* kept = std::get_if<StagingPath>(&at->second.blob->content);
    if (staging != nullptr && (kept == nullptr || *kept != *staging)) {
      obsolete.push_back(*staging);
    }
  }
  return merged;
}

// All but the last step: what it leaves has no entry.
Result<void> DiskBlobStore::prepare(const std::map<Sha256Digest, Merged>& blobs, const Batch& along,
                                    Plan& plan) {
  for (const auto& [digest, one] : blobs) {
    SLUICE_TRY_VOID(plan_blob(*one.blob, one.aliases, plan));
    if (plan.unsynced.size() == kSyncTogether) {
      SLUICE_TRY_VOID(sync_files(plan));
    }
  }
  SLUICE_TRY_VOID(plan_small(plan));
  SLUICE_TRY_VOID(sync_files(plan));
  if (plan.pack) {
    SLUICE_TRY_VOID(packs_.sync());
  }
  plan.batch.append(along);
  if (!plan.files.empty()) {
    if (Result<void> placed = place_files(plan); !placed) {
      leave_unsettled(plan);
      return placed;
    }
  }
  return {};
}

void DiskBlobStore::leave_unsettled(const Plan& plan) {
  for (const Plan::NewFile& file : plan.files) {
    leave_unsettled(file.digest);
  }
}

Result<void> DiskBlobStore::write_batch(const Plan& plan) {
  const std::vector<std::uint64_t> loose = packs_.loose();
  Result<void> written = index_.write(plan.batch, Durability::kSynced);
  if (!written) {
    leave_unsettled(plan);
    if (plan.pack) {
      packs_.keep_loose(*plan.pack);
    }
    return written;
  }
  packs_.drop_loose(loose);
  return {};
}

Result<void> DiskBlobStore::plan_blob(const NewBlob& blob, const std::vector<Digest>& aliases,
                                      Plan& plan) const {
  const Sha256Digest& digest = blob.info.digest;
  SLUICE_TRY(auto known, stored(digest));
  if (!known) {
    SLUICE_TRY_VOID(plan_content(blob, {{digest, blob.info.size, {}}, &aliases, {}}, plan));
    ++plan.blobs;
    plan.bytes += blob.info.size;
    return {};
  }
  if (known->info.size != blob.info.size) {
    return wrong_size(digest, known->info.size, blob.info.size);
  }
  SLUICE_TRY(const bool there, is_there(*known));
  if (there) {
    if (const auto* staging = std::get_if<StagingPath>(&blob.content)) {
      plan.obsolete.push_back(*staging);
    }
    return plan_entry({std::move(known->info), &aliases, known->place}, known->place, plan);
  }
  // The new bytes mend it.
  if (known->place.kind == proto::StoredBlob::PACK) {
    plan.replaced.push_back({known->place.in_pack, known->info.size});
  }
  return plan_content(blob, {std::move(known->info), &aliases, known->place}, plan);
}

Result<void> DiskBlobStore::plan_content(const NewBlob& blob, Entry entry, Plan& plan) const {
  const BlobInfo& info = blob.info;
  if (const auto* bytes = std::get_if<Bytes>(&blob.content)) {
    if (bytes->size() != info.size) {
      return wrong_size(info.digest, info.size, bytes->size());
    }
    SLUICE_ASSERT(bytes->size() <= limits::kInlineBlobBytes);
    plan.small.push_back({std::move(entry), *bytes, {}});
    return {};
  }
  const StagingPath& staging = std::get<StagingPath>(blob.content);
  SLUICE_TRY(auto file, files_.open_for_reading(staging.value()));
  SLUICE_TRY(const std::uint64_t size, file->size());
  if (size != info.size) {
    return wrong_size(info.digest, info.size, size);
  }
  plan.obsolete.push_back(staging);
  if (size <= limits::kInlineBlobBytes && plan.read_in + size <= kMaxReadInBytes) {
    Bytes read(size);
    SLUICE_TRY_VOID(file->read_at(0, read));
    plan.read_in += size;
    const ByteView content = read;
    plan.small.push_back({std::move(entry), content, std::move(read)});
    return {};
  }
  plan.unsynced.push_back(std::move(file));
  plan.files.push_back({info.digest, staging});
  plan.batch.remove(Family::kMeta, unsettled_key(info.digest));
  return plan_entry(std::move(entry), {proto::StoredBlob::FILE, {}}, plan);
}

// Many together go into a pack: RocksDB would take a checksum of their bytes and write them twice.
Result<void> DiskBlobStore::plan_small(Plan& plan) {
  std::uint64_t together = 0;
  for (const Plan::Small& small : plan.small) {
    together += is_packed(small.content) ? small.content.size() : 0;
  }
  if (together >= pack_from_ && packs_.loose().empty()) {
    SLUICE_TRY_VOID(write_pack(plan));
  }
  for (Plan::Small& small : plan.small) {
    if (small.place.kind == proto::StoredBlob::INLINE) {
      plan.batch.put(Family::kBlobs, blob_key(small.entry.info.digest),
                     std::string(as_text(small.content)));
    }
    SLUICE_TRY_VOID(plan_entry(std::move(small.entry), small.place, plan));
  }
  return {};
}

Result<void> DiskBlobStore::write_pack(Plan& plan) {
  SLUICE_TRY(PackFolder::Writer pack, packs_.write());
  plan.pack = pack.pack();
  for (Plan::Small& small : plan.small) {
    if (is_packed(small.content)) {
      SLUICE_TRY(const PackPlace place, pack.add(small.content));
      small.place = {proto::StoredBlob::PACK, place};
      plan.packed.push_back({place, small.content.size()});
    }
  }
  plan.unsynced.push_back(pack.release());
  return {};
}

// With its own aliases and the new ones; what is new in it goes into the batch.
Result<void> DiskBlobStore::plan_entry(Entry entry, const BlobPlace& place, Plan& plan) const {
  BlobInfo& info = entry.info;
  bool changed = place != entry.before;
  for (const Digest& alias : *entry.aliases) {
    if (alias.as_sha256() || std::ranges::find(info.aliases, alias) != info.aliases.end()) {
      continue;
    }
    info.aliases.push_back(alias);
    changed = true;
    const std::string key = alias_key(alias);
    SLUICE_TRY(const auto named, index_.get(Family::kAliases, key));
    if (!named && plan.aliases.insert(key).second) {
      plan.batch.put(Family::kAliases, key, blob_key(info.digest));
    }
  }
  if (changed) {
    plan.batch.put(Family::kBlobInfo, blob_key(info.digest), write_stored(info, place));
  }
  return {};
}

Result<void> DiskBlobStore::sync_files(Plan& plan) {
  if (plan.unsynced.empty()) {
    return {};
  }
  std::vector<File*> files;
  files.reserve(plan.unsynced.size());
  for (const auto& file : plan.unsynced) {
    files.push_back(file.get());
  }
  SLUICE_TRY_VOID(files_.sync_all(files));
  plan.unsynced.clear();
  return {};
}

// Whatever is new in a folder is synced once, at the end: the first of these syncs commits the file
// system's journal for all of them.
Result<void> DiskBlobStore::place_files(const Plan& plan) {
  Batch notes;
  for (const Plan::NewFile& file : plan.files) {
    notes.put(Family::kMeta, unsettled_key(file.digest), "");
  }
  SLUICE_TRY_VOID(index_.write(notes, Durability::kSynced));
  std::set<fs::path> folders;
  for (const Plan::NewFile& file : plan.files) {
    const fs::path target = file_path(file.digest);
    folders.insert(target.parent_path());
    if (!folder_made(file.digest)) {
      SLUICE_TRY_VOID(files_.create_directories(target.parent_path()));
      folders.insert(target.parent_path().parent_path());
      folders.insert(target.parent_path().parent_path().parent_path());
    }
    SLUICE_TRY_VOID(place_file(file.staging, target));
  }
  for (const fs::path& folder : folders) {
    SLUICE_TRY_VOID(files_.sync_directory(folder));
  }
  const std::lock_guard lock(folders_mutex_);
  for (const Plan::NewFile& file : plan.files) {
    folders_made_.set(folder_index(file.digest));
  }
  return {};
}

// A link instead of a rename, because a batch whose write has failed may still come back after a
// crash: then the file must be in its place, and until then the caller keeps its staging file.
Result<void> DiskBlobStore::place_file(const StagingPath& staging, const fs::path& target) {
  Result<void> linked = files_.link(staging.value(), target);
  if (linked || linked.error().code != ErrorCode::kInvalid) {
    return linked;
  }
  // Left by an attempt that failed. It is replaced in one step, for the same reason.
  fs::path beside = target;
  beside += ".new";
  SLUICE_TRY_VOID(files_.remove(beside));
  SLUICE_TRY_VOID(files_.link(staging.value(), beside));
  SLUICE_TRY_VOID(files_.rename(beside, target));
  return files_.remove(beside);  // rename(2) leaves it when both are the same file
}

bool DiskBlobStore::folder_made(const Sha256Digest& digest) {
  const std::lock_guard lock(folders_mutex_);
  return folders_made_[folder_index(digest)];
}

// The commit is durable: what fails here leaves only what the next start or commit() tidies up.
void DiskBlobStore::finish(const Plan& plan) {
  for (const Plan::Packed& blob : plan.packed) {
    packs_.add(blob.place, blob.size);
  }
  for (const Plan::Packed& blob : plan.replaced) {
    packs_.remove(blob.place, blob.size);
  }
  for (const Plan::NewFile& file : plan.files) {
    static_cast<void>(files_.make_read_only(file_path(file.digest)));  // against accidents only
  }
  for (const StagingPath& staging : plan.obsolete) {
    static_cast<void>(files_.remove(staging.value()));
  }
}

}  // namespace sluice::store
