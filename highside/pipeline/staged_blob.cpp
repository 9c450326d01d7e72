#include "highside/pipeline/staged_blob.h"

#include "common/base/limits.h"
#include "common/base/text.h"

namespace sluice::high {

Result<std::unique_ptr<StagedBlob>> StagedBlob::begin(store::BlobStore& store, FileSystem& files,
                                                      std::uint64_t limit) {
  StagingPath path = store.new_staging_path();
  SLUICE_TRY(auto file, files.open_for_writing(path.value()));
  return std::unique_ptr<StagedBlob>(new StagedBlob(files, std::move(path), std::move(file),
                                                    std::min(limit, limits::kMaxBlobBytes)));
}

StagedBlob::StagedBlob(FileSystem& files, StagingPath path, std::unique_ptr<File> file,
                       std::uint64_t limit)
    : files_(files),
      path_(std::move(path)),
      file_(std::move(file)),
      hasher_({DigestAlgorithm::kSha512, DigestAlgorithm::kSha1}),
      limit_(limit) {}

StagedBlob::~StagedBlob() {
  file_.reset();
  static_cast<void>(files_.remove(path_.value()));  // what is left goes at the next start
}

Result<void> StagedBlob::write(ByteView bytes) {
  SLUICE_ASSERT(file_ != nullptr);
  if (bytes.size() > limit_ - size_) {
    return Error{ErrorCode::kRefused, "upload", "it has more than " + human_size(limit_),
                 "publish.upload_limit says how much one may have"};
  }
  SLUICE_TRY_VOID(file_->write_at(size_, bytes));
  hasher_.update(bytes);
  size_ += bytes.size();
  return {};
}

store::NewBlob StagedBlob::finish() {
  SLUICE_ASSERT(file_ != nullptr);
  file_.reset();
  std::vector<Digest> digests = hasher_.finish();
  const Sha256Digest name = digests.front().as_sha256().value();
  digests.erase(digests.begin());
  return {{name, size_, std::move(digests)}, path_};
}

}  // namespace sluice::high
