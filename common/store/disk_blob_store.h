// Blobs on one machine's disk. Up to limits::kInlineBlobBytes they are values of the index or,
// where many come at once, lie in packs; larger ones are files:
//
//   <folder>/blobs/ab/cd/abcd…   0440, named by SHA-256
//   <folder>/packs/17            small blobs of one commit (pack_folder.h)
//   <folder>/staging/…           what is still being written, fetched or put together
//
// commit() makes files durable in this order: write the pack → sync the files, several at once, and
// the pack's folder → note in the index that a file may be there without an entry → link into place
// → sync each folder once → one synced batch. Nothing names a pack before its batch is written. The
// staging name stays until the batch is durable, so a failure or a crash at any point leaves it;
// the note lets the next start take back a link whose entry was never written, without walking the
// folders.
#pragma once

#include <atomic>
#include <bitset>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "common/base/file_system.h"
#include "common/store/blob_keys.h"
#include "common/store/blob_store.h"
#include "common/store/key_locks.h"
#include "common/store/pack_folder.h"

namespace sluice::store {

class DiskBlobStore final : public BlobStore {
 public:
  // Says whether somebody still needs a file that an earlier run left in the staging folder.
  using KeepStaging = std::function<bool(const StagingPath& path)>;

  // `index` and `files` outlive the store; nobody else writes kBlobs, kBlobInfo and kAliases of
  // `index`. Makes the folders, settles what a crash left, and removes staging files that `keep`
  // does not claim (all, if it is empty). `pack_from`: small blobs of one commit that have so many
  // bytes together go into a pack.
  static Result<std::unique_ptr<DiskBlobStore>> open(
      KeyValueStore& index, FileSystem& files, std::filesystem::path folder,
      const KeepStaging& keep = {}, std::uint64_t pack_from = PackFolder::kMinPackBytes);

  using BlobStore::commit;
  Result<void> commit(const std::vector<NewBlob>& blobs, const Batch& along) override;
  Result<std::optional<BlobInfo>> find(const Sha256Digest& digest) const override;
  Result<std::optional<Sha256Digest>> resolve(const Digest& alias) const override;
  Result<std::unique_ptr<BlobReader>> open(const Sha256Digest& digest) const override;
  // What cannot be unlinked or freed after its entry is gone is left to the next start.
  Result<void> remove(const Sha256Digest& digest) override;
  using BlobStore::for_each;
  Result<void> for_each(const Sha256Digest& from,
                        const std::function<bool(const BlobInfo&)>& each) const override;
  StagingPath new_staging_path() override;
  void drop_from_cache(const Sha256Digest& digest) const override;
  Usage usage() const override;

 private:
  struct Plan;

  DiskBlobStore(KeyValueStore& index, FileSystem& files, std::filesystem::path folder,
                std::uint64_t pack_from);
  Result<void> start(const KeepStaging& keep);
  Result<void> sweep_staging(const KeepStaging& keep);
  Result<void> count_blobs();
  // Files that may be without an entry: which of the store's failures left each last. A batch that
  // failed may come back after a crash until a later one has succeeded, and needs its file until
  // then: a commit settles what it found here before its own batch was written, if nothing has
  // failed for it since.
  using Unsettled = std::map<Sha256Digest, std::uint64_t>;
  Unsettled unsettled() const;
  void leave_unsettled(const Plan& plan);
  void leave_unsettled(const Sha256Digest& digest);  // while its key is held
  bool is_unsettled(const Sha256Digest& digest, std::uint64_t failure) const;
  void settle_left(const Unsettled& left);
  // All that the index notes.
  Result<void> settle_noted();
  // While its key is held: removes the file if it has no entry.
  Result<void> settle(const Sha256Digest& digest);
  Result<void> remove_file(const Sha256Digest& digest);
  Result<void> forget_note(const Sha256Digest& digest);

  Result<std::optional<StoredInfo>> stored(const Sha256Digest& digest) const;
  Result<void> for_each_stored(const Sha256Digest& from,
                               const std::function<bool(const StoredInfo&)>& each) const;
  std::filesystem::path file_path(const Sha256Digest& digest) const;
  // None where its bytes are gone.
  Result<std::unique_ptr<BlobReader>> open(const StoredInfo& known) const;
  Result<bool> is_there(const StoredInfo& known) const;
  Error missing(const StoredInfo& known) const;

  // What commit() is about to do (disk_blob_commit.cpp).
  struct Entry;
  struct Merged;
  static std::map<Sha256Digest, Merged> merge(const std::vector<NewBlob>& blobs,
                                              std::vector<StagingPath>& obsolete);
  Result<void> prepare(const std::map<Sha256Digest, Merged>& blobs, const Batch& along, Plan& plan);
  Result<void> plan_blob(const NewBlob& blob, const std::vector<Digest>& aliases, Plan& plan) const;
  Result<void> plan_content(const NewBlob& blob, Entry entry, Plan& plan) const;
  Result<void> plan_entry(Entry entry, const BlobPlace& place, Plan& plan) const;
  Result<void> plan_small(Plan& plan);
  Result<void> write_pack(Plan& plan);
  Result<void> sync_files(Plan& plan);
  Result<void> write_batch(const Plan& plan);
  Result<void> place_files(const Plan& plan);
  Result<void> place_file(const StagingPath& staging, const std::filesystem::path& target);
  bool folder_made(const Sha256Digest& digest);  // and durable
  void finish(const Plan& plan);

  KeyValueStore& index_;
  FileSystem& files_;
  const std::filesystem::path folder_;
  const std::filesystem::path staging_;
  const std::uint64_t pack_from_;
  PackFolder packs_;
  std::atomic<std::uint64_t> next_staging_ = 0;  // above the names of files that were kept
  KeyLocks locks_;  // of blob keys and alias keys that are being changed
  mutable std::mutex unsettled_mutex_;
  Unsettled unsettled_;         // guarded by it, as what follows
  std::uint64_t failures_ = 0;  // so far
  std::mutex folders_mutex_;
  std::bitset<std::size_t{1} << 16> folders_made_;  // by the digest's first two bytes
  std::atomic<std::uint64_t> blobs_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
};

}  // namespace sluice::store
