// The PyPI ecosystem's own check of a record before it is published.
#pragma once

#include "highside/pipeline/catalog_reader.h"

namespace sluice::high {

// Every file is one of the project, its digest and size are those of a blob in the store, a wheel's
// METADATA is there and of that project and version, and no file that is visible changes its bytes.
// Without state: callable from any thread.
class PypiRecordCheck final : public RecordCheck {
 public:
  std::string_view ecosystem() const override { return "pypi"; }
  Result<void> check(const proto::Record& record, const std::optional<CatalogEntry>& previous,
                     const store::BlobStore& blobs) override;
};

}  // namespace sluice::high
