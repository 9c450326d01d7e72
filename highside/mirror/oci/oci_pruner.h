// Manifests of a repository that no tag needs: neither tagged, nor in an index that is needed, nor
// about a manifest that is (a signature, an SBOM).
#pragma once

#include "common/store/blob_store.h"
#include "highside/pipeline/retention.h"

namespace sluice::high {

class OciPruner final : public Pruner {
 public:
  explicit OciPruner(const store::BlobStore& blobs) : blobs_(blobs) {}  // outlives it
  std::string_view ecosystem() const override { return "oci"; }
  // By digest, in hexadecimal.
  Result<std::vector<std::string>> loose(const CatalogEntry& entry) const override;
  // What only these named goes with them.
  Result<proto::Record> without(const CatalogEntry& entry,
                                const std::set<std::string>& parts) const override;

 private:
  const store::BlobStore& blobs_;
};

}  // namespace sluice::high
