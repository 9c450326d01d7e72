// What crosses: blobs in the low side's spool, and the shipments that list them.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/crypto/keys.h"
#include "common/store/blob_store.h"
#include "lowside/pipeline/outbox.h"

namespace sluice::bench {

enum class Kind {
  kRandom,  // does not compress: 8 MiB each
  kSmall,   // npm tarballs: 10 KB each, begin like gzip
  kText     // compresses to about a third: 8 MiB each
};

class Cargo {
 public:
  static constexpr const char* kStream = "lab-low";
  static constexpr const char* kCollection = "bench";  // of the records that list the blobs

  // Makes `bytes` of blobs and puts them into a spool under `folder`.
  Cargo(Kind kind, std::uint64_t bytes, const std::filesystem::path& folder);
  ~Cargo();

  Kind kind() const { return kind_; }
  std::uint64_t bytes() const { return bytes_; }  // of blobs, without the manifests
  std::size_t blobs() const { return blobs_; }
  const store::BlobStore& spool() const { return *spool_; }
  const std::vector<low::OutgoingPass>& passes() const { return passes_; }
  const crypto::SigningKey& signing() const { return signing_; }

 private:
  void fill(Bytes& content, std::uint64_t seed) const;
  void add_shipment(const std::vector<low::OutgoingBlob>& blobs);

  Kind kind_;
  std::uint64_t bytes_ = 0;
  std::size_t blobs_ = 0;
  crypto::SigningKey signing_ = crypto::SigningKey::generate();
  std::unique_ptr<store::KeyValueStore> index_;
  std::unique_ptr<store::BlobStore> spool_;
  std::vector<low::OutgoingPass> passes_;
};

}  // namespace sluice::bench
