#include "highside/catalog/lost_blobs.h"

#include "common/base/text.h"
#include "sluice/stored_ledger.pb.h"

namespace sluice::high {
namespace {

using store::Family;

constexpr std::string_view kPrefix = "lost/";

std::string key_of(const Sha256Digest& digest) {
  return std::string(kPrefix).append(as_text(digest.bytes()));
}

std::string encode(const LostBlob& blob) {
  proto::StoredLostBlob stored;
  *stored.mutable_blob() = blob.blob;
  stored.set_cause(blob.cause);
  stored.set_found_micros(to_unix_micros(blob.found));
  for (const ShipmentRef& carrier : blob.carriers) {
    proto::StoredCarrier& to = *stored.add_carriers();
    to.set_stream(carrier.stream);
    to.set_sequence(carrier.sequence);
  }
  for (const std::string& document : blob.documents) {
    *stored.mutable_documents() += document + "\n";
  }
  return stored.SerializeAsString();
}

std::optional<LostBlob> decode(std::string_view key, std::string_view value) {
  const auto digest = Sha256Digest::from_bytes(as_bytes(key.substr(kPrefix.size())));
  proto::StoredLostBlob stored;
  if (!digest || !stored.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return std::nullopt;
  }
  LostBlob blob{*digest,
                std::move(*stored.mutable_blob()),
                stored.cause(),
                from_unix_micros(stored.found_micros()),
                {},
                {}};
  for (const proto::StoredCarrier& carrier : stored.carriers()) {
    blob.carriers.push_back({carrier.stream(), carrier.sequence()});
  }
  for (const std::string_view document : split(stored.documents(), '\n')) {
    if (!document.empty()) {
      blob.documents.emplace_back(document);
    }
  }
  return blob;
}

}  // namespace

Result<void> LostBlobs::load() {
  Result<void> status;
  const std::lock_guard lock(mutex_);
  SLUICE_TRY_VOID(
      index_.scan(Family::kMeta, kPrefix, "", [&](std::string_view key, std::string_view value) {
        auto blob = decode(key, value);
        if (!blob) {
          status = Error{ErrorCode::kIo, "entry of lost blob " + hex_encode(as_bytes(key)),
                         "it does not read", "the index is damaged: restore it"};
          return false;
        }
        blobs_.insert_or_assign(blob->digest, std::move(*blob));
        return true;
      }));
  changed();
  return status;
}

Result<void> LostBlobs::add(const std::vector<LostBlob>& blobs) {
  const std::lock_guard lock(mutex_);
  store::Batch batch;
  for (const LostBlob& blob : blobs) {
    batch.put(Family::kMeta, key_of(blob.digest), encode(blob));
  }
  SLUICE_TRY_VOID(index_.write(batch, store::Durability::kSynced));
  for (const LostBlob& blob : blobs) {
    blobs_.insert_or_assign(blob.digest, blob);
    found_.erase(blob.digest);
  }
  changed();
  return {};
}

bool LostBlobs::found(const Sha256Digest& digest) {
  if (empty()) {
    return false;
  }
  const std::lock_guard lock(mutex_);
  if (blobs_.erase(digest) == 0) {
    return false;
  }
  found_.insert(digest);
  changed();
  return true;
}

Result<void> LostBlobs::save() {
  const std::lock_guard lock(mutex_);
  if (found_.empty()) {
    return {};
  }
  store::Batch batch;
  for (const Sha256Digest& digest : found_) {
    batch.remove(Family::kMeta, key_of(digest));
  }
  SLUICE_TRY_VOID(index_.write(batch, store::Durability::kUnsynced));
  found_.clear();
  return {};
}

bool LostBlobs::contains(const Sha256Digest& digest) const {
  if (empty()) {
    return false;
  }
  const std::lock_guard lock(mutex_);
  return blobs_.contains(digest);
}

std::vector<LostBlob> LostBlobs::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<LostBlob> all;
  for (const auto& [digest, blob] : blobs_) {
    all.push_back(blob);
  }
  return all;
}

void LostBlobs::changed() {
  size_.store(blobs_.size(), std::memory_order_release);
  changes_.fetch_add(1, std::memory_order_acq_rel);
}

}  // namespace sluice::high
