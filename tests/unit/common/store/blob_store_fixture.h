// A blob store over disks that fail, and the blobs that its tests put in.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "common/base/hasher.h"
#include "common/base/limits.h"
#include "common/store/disk_blob_store.h"
#include "tests/support/memory_store.h"
#include "tests/support/sim_file_system.h"

namespace sluice::store {

class BlobStoreFixture : public testing::Test {
 protected:
  Result<void> open(const DiskBlobStore::KeepStaging& keep = {}) {
    store_.reset();
    SLUICE_TRY(store_, DiskBlobStore::open(index_, files_, folder_, keep));
    return {};
  }
  // What is left on the disks after the power failed; the store has to be opened again.
  void crash(test::Loss files, test::Loss index, std::uint64_t seed = 0) {
    store_.reset();
    plan_.clear();
    files_.crash(files, seed);
    index_.crash(index, seed);
  }

  static std::string large(char fill) { return std::string(limits::kInlineBlobBytes + 1, fill); }
  static BlobInfo info(const std::string& bytes, const std::vector<Digest>& aliases = {}) {
    return {sha256(as_bytes(bytes)), bytes.size(), aliases};
  }
  static NewBlob inline_blob(const std::string& bytes, const std::vector<Digest>& aliases = {}) {
    const ByteView view = as_bytes(bytes);
    return {info(bytes, aliases), Bytes(view.begin(), view.end())};
  }
  // Writes a staging file, unsynced.
  Result<NewBlob> file_blob(const std::string& bytes, const std::vector<Digest>& aliases = {}) {
    const StagingPath path = store_->new_staging_path();
    SLUICE_TRY(const auto file, files_.open_for_writing(path.value()));
    SLUICE_TRY_VOID(file->write_at(0, as_bytes(bytes)));
    return NewBlob{info(bytes, aliases), path};
  }
  Result<void> commit(NewBlob blob, const Batch& along = {}) {
    std::vector<NewBlob> blobs;
    blobs.push_back(std::move(blob));
    return store_->commit(std::move(blobs), along);
  }
  std::string read(const Sha256Digest& digest) {
    const auto reader = store_->open(digest);
    if (!reader) {
      return std::string(to_string(reader.error().code));
    }
    Bytes bytes((*reader)->size());
    (*reader)->read_at(0, bytes).value();
    return std::string(as_text(bytes));
  }
  std::size_t files_below(const char* part) const {
    return files_.files_below(folder_ / part).size();
  }
  bool notes() {
    bool any = false;
    index_
        .scan(Family::kMeta, kUnsettledPrefix, "",
              [&](std::string_view, std::string_view) {
                any = true;
                return false;
              })
        .value();
    return any;
  }

  const std::filesystem::path folder_ = "/store";
  test::FaultPlan plan_;
  test::SimFileSystem files_{plan_};
  test::MemoryStore index_{plan_};
  std::unique_ptr<DiskBlobStore> store_;
};

}  // namespace sluice::store
