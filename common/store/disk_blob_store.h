// Blobs on one machine's disk. Up to limits::kInlineBlobBytes they are values of the index, larger
// ones are files:
//
//   <folder>/blobs/ab/cd/abcd…   0440, named by SHA-256
//   <folder>/staging/…           what is still being written, fetched or put together
//
// commit() makes files durable in this order: sync the files, several at once → note in the index
// that a file may be there without an entry → link into place → sync each folder once → one synced
// batch. The staging name stays until the batch is durable, so a failure or a crash at any point
// leaves it; the note lets the next start take back a link whose entry was never written, without
// walking the folders.
#pragma once

#include <atomic>
#include <bitset>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>

#include "common/base/file_system.h"
#include "common/store/blob_keys.h"
#include "common/store/blob_store.h"
#include "common/store/key_locks.h"

namespace sluice::store {

class DiskBlobStore final : public BlobStore {
 public:
  // Says whether somebody still needs a file that an earlier run left in the staging folder.
  using KeepStaging = std::function<bool(const StagingPath& path)>;

  // `index` and `files` outlive the store; nobody else writes kBlobs, kBlobInfo and kAliases of
  // `index`. Makes the folders, settles what a crash left, and removes staging files that `keep`
  // does not claim (all, if it is empty).
  static Result<std::unique_ptr<DiskBlobStore>> open(KeyValueStore& index, FileSystem& files,
                                                     std::filesystem::path folder,
                                                     const KeepStaging& keep = {});

  using BlobStore::commit;
  Result<void> commit(const std::vector<NewBlob>& blobs, const Batch& along) override;
  Result<std::optional<BlobInfo>> find(const Sha256Digest& digest) const override;
  Result<std::optional<Sha256Digest>> resolve(const Digest& alias) const override;
  Result<std::unique_ptr<BlobReader>> open(const Sha256Digest& digest) const override;
  // A file that cannot be unlinked after its entry is gone is left to the next start.
  Result<void> remove(const Sha256Digest& digest) override;
  using BlobStore::for_each;
  Result<void> for_each(const Sha256Digest& from,
                        const std::function<bool(const BlobInfo&)>& each) const override;
  StagingPath new_staging_path() override;
  Usage usage() const override;

 private:
  struct Plan;

  DiskBlobStore(KeyValueStore& index, FileSystem& files, std::filesystem::path folder);
  Result<void> start(const KeepStaging& keep);
  Result<void> sweep_staging(const KeepStaging& keep);
  Result<void> count_blobs();
  // Removes files without an entry, as noted in the index.
  Result<void> settle();
  Result<void> settle(const Sha256Digest& digest);
  Result<void> remove_file(const Sha256Digest& digest);
  Result<void> forget_note(const Sha256Digest& digest);

  Result<std::optional<StoredInfo>> stored(const Sha256Digest& digest) const;
  std::filesystem::path file_path(const Sha256Digest& digest) const;
  Error missing(const Sha256Digest& digest) const;

  // What commit() is about to do (disk_blob_commit.cpp).
  Result<void> plan_blob(const NewBlob& blob, const std::vector<Digest>& aliases, Plan& plan) const;
  Result<proto::StoredBlob::Place> plan_content(const NewBlob& blob, Plan& plan) const;
  Result<void> plan_entry(BlobInfo info, const std::vector<Digest>& aliases,
                          proto::StoredBlob::Place before, proto::StoredBlob::Place place,
                          Plan& plan) const;
  Result<void> sync_files(Plan& plan);
  Result<void> place_files(const Plan& plan);
  Result<void> place_file(const StagingPath& staging, const std::filesystem::path& target);
  bool folder_made(const Sha256Digest& digest);  // and durable
  void finish(const Plan& plan);

  KeyValueStore& index_;
  FileSystem& files_;
  const std::filesystem::path folder_;
  const std::filesystem::path staging_;
  std::atomic<std::uint64_t> next_staging_ = 0;  // above the names of files that were kept
  KeyLocks locks_;  // of blob keys and alias keys that are being changed
  std::atomic<bool> unsettled_ = false;
  std::mutex folders_mutex_;
  std::bitset<std::size_t{1} << 16> folders_made_;  // by the digest's first two bytes
  std::atomic<std::uint64_t> blobs_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
};

}  // namespace sluice::store
