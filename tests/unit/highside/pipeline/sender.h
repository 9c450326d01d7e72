// What a low side sends, made by hand: shipments, their blobs, blocks with chosen parts.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/base/hasher.h"
#include "common/crypto/keys.h"
#include "common/wire/block.h"
#include "common/wire/manifest.h"
#include "highside/pipeline/flow.h"

namespace sluice::test {

// Bytes that do not compress and differ by seed.
inline Bytes noise(std::size_t size, std::uint32_t seed) {
  Bytes bytes(size);
  std::uint32_t state = seed * 2654435761U + 1;
  for (std::uint8_t& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<std::uint8_t>(state >> 24U);
  }
  return bytes;
}

struct SentBlob {
  explicit SentBlob(Bytes content) : bytes(std::move(content)), digest(sha256(bytes)) {}
  Bytes bytes;
  Sha256Digest digest;
};

struct SentShipment {
  SentShipment(proto::Shipment what, const crypto::SigningKey& key)
      : shipment(std::move(what)), manifest(wire::sign_manifest(shipment, key)) {}
  proto::Shipment shipment;
  SentBlob manifest;
};

inline void add_blob(proto::Shipment& shipment, const SentBlob& blob,
                     const std::vector<DigestAlgorithm>& aliases = {}) {
  proto::Blob& entry = *shipment.add_blobs();
  entry.set_sha256(std::string(as_text(blob.digest.bytes())));
  entry.set_size(blob.bytes.size());
  entry.set_name("blob-" + blob.digest.hex().substr(0, 8));
  for (const DigestAlgorithm algorithm : aliases) {
    proto::Alias& alias = *entry.add_aliases();
    alias.set_algorithm(static_cast<proto::DigestAlgorithm>(algorithm));
    alias.set_digest(std::string(as_text(hash(algorithm, blob.bytes).bytes())));
  }
}

inline proto::Record& add_record(proto::Shipment& shipment, const std::string& document,
                                 const std::string& body, const std::vector<SentBlob>& blobs = {}) {
  proto::Record& record = *shipment.add_records();
  record.set_ecosystem("file");
  record.set_document(document);
  record.set_body(body);
  for (const SentBlob& blob : blobs) {
    record.add_blobs(std::string(as_text(blob.digest.bytes())));
  }
  return record;
}

class Sender {
 public:
  explicit Sender(std::string stream = "lab-low") : stream_(std::move(stream)) {}

  const std::string& stream() const { return stream_; }
  const crypto::SigningKey& key() const { return key_; }

  proto::Shipment shipment(std::uint64_t sequence, std::vector<std::uint64_t> after = {}) const {
    proto::Shipment shipment;
    shipment.set_stream(stream_);
    shipment.set_sequence(sequence);
    shipment.set_source("test");
    for (const std::uint64_t before : after) {
      shipment.add_after(before);
    }
    return shipment;
  }
  SentShipment sign(proto::Shipment shipment) const { return {std::move(shipment), key_}; }

  // Collects frames of the next block.
  Sender& notice(const SentShipment& sent, std::uint32_t pass = 0) {
    writer_.add_notice({ShipmentSequence(sent.shipment.sequence()), sent.manifest.digest,
                        sent.manifest.bytes.size(), pass});
    return *this;
  }
  Sender& part(const SentBlob& blob, std::size_t offset, std::size_t length) {
    writer_.add_part(blob.digest, blob.bytes.size(), offset,
                     ByteView(blob.bytes).subspan(offset, length));
    return *this;
  }
  Sender& whole(const SentBlob& blob) { return part(blob, 0, blob.bytes.size()); }
  high::RecoveredBlock block() { return block(key_); }
  high::RecoveredBlock block(const crypto::SigningKey& key) {
    const wire::BlockPlace place{SessionId(7), LaneId(0), BlockNumber(next_++)};
    const ByteView bytes = writer_.finish(place, key);
    return {stream_, place, Bytes(bytes.begin(), bytes.end())};
  }

 private:
  std::string stream_;
  crypto::SigningKey key_ = crypto::SigningKey::generate();
  wire::BlockWriter writer_{std::size_t{4} << 20};
  std::uint64_t next_ = 0;
};

}  // namespace sluice::test
