// Bytes that come in pieces from a client inside: written to the store's staging folder and hashed
// on the way, so that nothing is held in memory and nothing is seen before it is whole.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/base/file_system.h"
#include "common/base/hasher.h"
#include "common/store/blob_store.h"

namespace sluice::high {

// One thread at a time. Its file goes with it, unless the store has taken it; a crash leaves it to
// the store's next start.
class StagedBlob {
 public:
  // `store` and `files` outlive it. `limit`: bytes that it takes. SHA-256 is always computed, and
  // SHA-512 and SHA-1, by which npm's clients ask.
  static Result<std::unique_ptr<StagedBlob>> begin(store::BlobStore& store, FileSystem& files,
                                                   std::uint64_t limit);
  ~StagedBlob();
  StagedBlob(const StagedBlob&) = delete;
  StagedBlob& operator=(const StagedBlob&) = delete;

  // kRefused: beyond the limit. kExhausted: no space. After an Error it is only to be destroyed.
  Result<void> write(ByteView bytes);
  std::uint64_t size() const { return size_; }

  // The whole of it, once; then no more can be written. To be committed while this object lives.
  store::NewBlob finish();
  // For whoever looks into it before it is published; after finish().
  const std::filesystem::path& path() const { return path_.value(); }

 private:
  StagedBlob(FileSystem& files, StagingPath path, std::unique_ptr<File> file, std::uint64_t limit);

  FileSystem& files_;
  StagingPath path_;
  std::unique_ptr<File> file_;
  MultiHasher hasher_;
  const std::uint64_t limit_;
  std::uint64_t size_ = 0;
};

}  // namespace sluice::high
