// What must hold of an apt record before clients see it: the whole chain that apt itself will
// follow, and nothing besides.
#pragma once

#include "highside/mirror/apt/keyrings.h"
#include "highside/pipeline/catalog_reader.h"

namespace sluice::high {

// - InRelease, and Release with Release.gpg, are signed by the archive's own keyring here;
// - every other file below dists/ is listed there with its digest and size;
// - every package that an index lists is there with its digest and size, and nothing else is;
// - the Date is not older than the one held, within the same mode (kOutdated).
// kRefused: no keyring is configured for the archive.
class AptRecordCheck final : public RecordCheck {
 public:
  // `keyrings` outlives the check.
  explicit AptRecordCheck(const AptKeyrings& keyrings) : keyrings_(keyrings) {}

  std::string_view ecosystem() const override { return "apt"; }
  Result<void> check(const proto::Record& record, const std::optional<CatalogEntry>& previous,
                     const store::BlobStore& blobs) override;

 private:
  const AptKeyrings& keyrings_;
};

}  // namespace sluice::high
