// Which other digests the blobs to come need, so that they are computed in the same pass as the
// SHA-256. What is not known here in time is computed by the publisher from the stored blob.
#pragma once

#include <mutex>
#include <unordered_map>
#include <vector>

#include "common/base/digest.h"
#include "sluice/shipment.pb.h"

namespace sluice::high {

// Callable from any thread.
class ExpectedAliases {
 public:
  // 1 million entries of about 60 bytes; more are left to the publisher.
  static constexpr std::size_t kMaxEntries = 1'000'000;

  void add(const proto::Blob& blob);
  std::vector<DigestAlgorithm> of(const Sha256Digest& blob) const;
  void forget(const Sha256Digest& blob);

 private:
  mutable std::mutex mutex_;
  std::unordered_map<Sha256Digest, std::uint8_t> algorithms_;  // bit n: DigestAlgorithm n
};

}  // namespace sluice::high
