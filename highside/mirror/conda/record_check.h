// The check of a conda subdir's record before it is published.
#pragma once

#include "highside/pipeline/catalog_reader.h"

namespace sluice::high {

// Names are safe, unique and sorted; each file's blob is held, and has the size, the SHA-256 and
// the MD5 that its metadata shows to clients; the metadata is of that file. A file never changes
// its bytes. Without state: callable from any thread.
class CondaRecordCheck final : public RecordCheck {
 public:
  std::string_view ecosystem() const override { return "conda"; }
  Result<void> check(const proto::Record& record, const std::optional<CatalogEntry>& previous,
                     const store::BlobStore& blobs) override;
};

}  // namespace sluice::high
