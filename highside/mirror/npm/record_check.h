// The npm ecosystem's own check of a record before it is published.
#pragma once

#include "highside/pipeline/catalog_reader.h"

namespace sluice::high {

// Every manifest is of its package and version, every digest that it shows to clients is that of
// the tarball in the store, and no version that is visible changes its bytes. Without state:
// callable from any thread.
class NpmRecordCheck final : public RecordCheck {
 public:
  std::string_view ecosystem() const override { return "npm"; }
  Result<void> check(const proto::Record& record, const std::optional<CatalogEntry>& previous,
                     const store::BlobStore& blobs) override;
};

}  // namespace sluice::high
