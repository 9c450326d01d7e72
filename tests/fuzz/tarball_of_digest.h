// A store that holds, for any digest that a manifest names, a blob which has it. No fuzzer finds a
// tarball with a given SHA-512.
#pragma once

#include "common/base/hasher.h"
#include "sluice/shipment.pb.h"
#include "tests/unit/highside/mirror/npm/fakes.h"

namespace sluice::fuzz {

class TarballOfDigest final : public high::test::MemoryBlobs {
 public:
  // A blob that has these digests, at most one of an algorithm.
  proto::Blob add(const std::vector<Digest>& digests) {
    store::BlobInfo info;
    const std::string content = "tarball " + std::to_string(held_.size());
    info.digest = sha256(as_bytes(content));
    for (const Digest& digest : digests) {
      if (const auto sha256 = digest.as_sha256()) {
        info.digest = *sha256;
      } else {
        info.aliases.push_back(digest);
      }
    }
    info.size = content.size();
    proto::Blob blob;
    blob.set_sha256(std::string(as_text(info.digest.bytes())));
    blob.set_size(info.size);
    held_[info.digest] = std::move(info);
    return blob;
  }

  Result<std::optional<store::BlobInfo>> find(const Sha256Digest& digest) const override {
    const auto found = held_.find(digest);
    return found == held_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  std::map<Sha256Digest, store::BlobInfo> held_;
};

}  // namespace sluice::fuzz
