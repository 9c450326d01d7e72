// The check of an OCI repository's record before it is published.
#pragma once

#include "highside/mirror/oci/sif_artifact.h"
#include "highside/pipeline/catalog_reader.h"

namespace sluice::high {

// Every manifest's bytes are held and read as what they are served as; its configuration and its
// layers are held with the sizes that it shows, but for layers that nobody may distribute; what the
// list of referrers will say of it is what it says itself. Tags are of manifests that are held.
// What an index names may be missing. A layer that is a SIF image is a sound one, signed as `rules`
// want it if it is new, and a tag of one never moves to other bytes. Callable from any thread.
class OciRecordCheck final : public RecordCheck {
 public:
  explicit OciRecordCheck(SifRules rules = {}) : rules_(std::move(rules)) {}

  std::string_view ecosystem() const override { return "oci"; }
  Result<void> check(const proto::Record& record, const std::optional<CatalogEntry>& previous,
                     const store::BlobStore& blobs) override;

 private:
  const SifRules rules_;
};

}  // namespace sluice::high
