// What twine sends of a file (warehouse docs, "Upload API"): the fields that are looked at, and the
// file's own bytes, staged and hashed as they come.
#pragma once

#include <sodium.h>

#include <map>
#include <memory>
#include <string>

#include "common/base/hasher.h"
#include "highside/pipeline/staged_blob.h"
#include "highside/publish/pypi/multipart.h"

namespace sluice::high {

// One thread at a time.
class UploadForm final : public PartTaker {
 public:
  static constexpr std::size_t kMaxFieldBytes = std::size_t{4} << 10;

  // Both outlive it. `limit`: bytes of the file.
  UploadForm(store::BlobStore& blobs, FileSystem& files, std::uint64_t limit)
      : blobs_(blobs), files_(files), limit_(limit) {}

  Result<void> begin(const PartHead& head) override;
  Result<void> data(ByteView bytes) override;
  Result<void> end() override;

  // "" where it was not sent.
  const std::string& field(std::string_view name) const;
  const std::string& file_name() const { return file_name_; }
  bool has_file() const { return file_ != nullptr; }
  StagedBlob& file() { return *file_; }  // where there is one
  // The digests that the form tells must be those of what came. kIntegrity; kInvalid: none is told.
  Result<void> check_digests(const Sha256Digest& sha256);

 private:
  enum class Part { kSkipped, kField, kFile };

  store::BlobStore& blobs_;
  FileSystem& files_;
  const std::uint64_t limit_;
  Part part_ = Part::kSkipped;
  std::string name_;
  std::map<std::string, std::string, std::less<>> fields_;
  std::string file_name_;
  std::unique_ptr<StagedBlob> file_;
  Hasher md5_{DigestAlgorithm::kMd5};
  crypto_generichash_state blake2_{};
};

}  // namespace sluice::high
