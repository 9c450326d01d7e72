// The check of an OCI repository's record before it is published.
#pragma once

#include "highside/pipeline/catalog_reader.h"

namespace sluice::high {

// Every manifest's bytes are held and read as what they are served as; its configuration and its
// layers are held with the sizes that it shows, but for layers that nobody may distribute; what the
// list of referrers will say of it is what it says itself. Tags are of manifests that are held.
// What an index names may be missing. Without state: callable from any thread.
class OciRecordCheck final : public RecordCheck {
 public:
  std::string_view ecosystem() const override { return "oci"; }
  Result<void> check(const proto::Record& record, const std::optional<CatalogEntry>& previous,
                     const store::BlobStore& blobs) override;
};

}  // namespace sluice::high
