#include "common/store/blob_store.h"

#include <algorithm>

#include "common/base/hasher.h"

namespace sluice::store {
namespace {

constexpr std::size_t kVerifyChunkBytes = std::size_t{1} << 20;

}  // namespace

Result<void> BlobStore::verify(const Sha256Digest& digest,
                               const std::function<bool(std::size_t bytes)>& read) const {
  SLUICE_TRY(const auto reader, open(digest));
  SLUICE_TRY(const auto known, find(digest));
  if (!known) {
    return Error{ErrorCode::kNotFound, "blob " + digest.hex(), "was removed meanwhile", ""};
  }
  std::vector<DigestAlgorithm> algorithms;
  for (const Digest& alias : known->aliases) {
    algorithms.push_back(alias.algorithm());
  }
  MultiHasher hasher(algorithms, reader->size());
  Bytes chunk(std::min<std::uint64_t>(kVerifyChunkBytes, reader->size()));
  for (std::uint64_t offset = 0; offset < reader->size(); offset += chunk.size()) {
    chunk.resize(std::min<std::uint64_t>(chunk.size(), reader->size() - offset));
    SLUICE_TRY_VOID(reader->read_at(offset, chunk));
    hasher.update(chunk);
    if (!read(chunk.size())) {
      return Error{ErrorCode::kCancelled, "blob " + digest.hex(), "stopping", ""};
    }
  }
  std::vector<Digest> expected{Digest(digest)};
  expected.insert(expected.end(), known->aliases.begin(), known->aliases.end());
  const std::vector<Digest> computed = hasher.finish();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] != computed[i]) {
      return Error{ErrorCode::kIntegrity, "blob " + digest.hex(),
                   "its bytes have the digest " + computed[i].to_string() + " instead of " +
                       expected[i].to_string(),
                   "check the disk, then restore the store or let the blob cross again"};
    }
  }
  return {};
}

}  // namespace sluice::store
