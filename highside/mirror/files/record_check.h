// The check of a plain file's record before it is published.
#pragma once

#include "highside/pipeline/catalog_reader.h"

namespace sluice::high {

// The name can be served, the blob is held and has the size that the record shows, the media type
// is one. Without state: callable from any thread.
class FileRecordCheck final : public RecordCheck {
 public:
  std::string_view ecosystem() const override { return "file"; }
  Result<void> check(const proto::Record& record, const std::optional<CatalogEntry>& previous,
                     const store::BlobStore& blobs) override;
};

}  // namespace sluice::high
