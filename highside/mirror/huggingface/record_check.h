// The check of a Hugging Face repository's record before it is published.
#pragma once

#include "highside/pipeline/catalog_reader.h"

namespace sluice::high {

// Of a revision: paths are safe, unique and sorted, each file's blob is held and has the size and
// the digest that clients are shown (the SHA-256 of an LFS file, the git blob's SHA-1 of another).
// A revision's files never change their bytes. Of refs: names and commits are well formed. Without
// state: callable from any thread.
class HuggingFaceRecordCheck final : public RecordCheck {
 public:
  std::string_view ecosystem() const override { return "huggingface"; }
  Result<void> check(const proto::Record& record, const std::optional<CatalogEntry>& previous,
                     const store::BlobStore& blobs) override;
};

}  // namespace sluice::high
