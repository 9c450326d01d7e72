#include "highside/assemble/expected_aliases.h"

#include "common/base/limits.h"

namespace sluice::high {
namespace {

static_assert(ExpectedAliases::kMaxEntries >= 2 * limits::kMaxBlobsPerShipment,
              "two of the largest shipments");

constexpr DigestAlgorithm kAliasAlgorithms[] = {DigestAlgorithm::kSha512, DigestAlgorithm::kSha1,
                                                DigestAlgorithm::kMd5,
                                                DigestAlgorithm::kGitBlobSha1};

std::uint8_t bit(int algorithm) { return static_cast<std::uint8_t>(1U << algorithm); }

}  // namespace

void ExpectedAliases::add(const proto::Blob& blob) {
  std::uint8_t bits = 0;
  for (const proto::Alias& alias : blob.aliases()) {
    for (const DigestAlgorithm algorithm : kAliasAlgorithms) {
      if (alias.algorithm() == static_cast<int>(algorithm)) {
        bits |= bit(alias.algorithm());
      }
    }
  }
  const auto digest = Sha256Digest::from_bytes(as_bytes(blob.sha256()));
  if (bits == 0 || !digest) {
    return;
  }
  const std::lock_guard lock(mutex_);
  if (const auto known = algorithms_.find(*digest); known != algorithms_.end()) {
    known->second |= bits;
  } else if (algorithms_.size() < kMaxEntries) {
    algorithms_.emplace(*digest, bits);
  }
}

std::vector<DigestAlgorithm> ExpectedAliases::of(const Sha256Digest& blob) const {
  std::vector<DigestAlgorithm> algorithms;
  const std::lock_guard lock(mutex_);
  if (const auto known = algorithms_.find(blob); known != algorithms_.end()) {
    for (const DigestAlgorithm algorithm : kAliasAlgorithms) {
      if ((known->second & bit(static_cast<int>(algorithm))) != 0) {
        algorithms.push_back(algorithm);
      }
    }
  }
  return algorithms;
}

void ExpectedAliases::forget(const Sha256Digest& blob) {
  const std::lock_guard lock(mutex_);
  algorithms_.erase(blob);
}

}  // namespace sluice::high
