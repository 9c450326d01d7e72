// Shipments that were let go of, but for their manifests, and blobs that are gone: what has to be
// fetched again before a shipment can be sent again.
#include <algorithm>

#include "common/store/blob_keys.h"
#include "lowside/spool/spool.h"
#include "lowside/spool/spool_state.h"

namespace sluice::low {
namespace {

using store::Batch;
using store::Family;

// Shipments whose blobs are here again and that wait for the link: fetching goes no further ahead,
// so that a resend of a year does not fill the disk.
constexpr std::size_t kMaxRefetched = 16;

}  // namespace

Result<void> Spool::load_dropped() {
  Result<void> outcome;
  SLUICE_TRY_VOID(
      parts_.index.scan(Family::kShipments, spool_keys::kDropped, "",
                        [&](std::string_view key, std::string_view value) {
                          const auto dropped = parse_stored<proto::SpooledDropped>(value);
                          if (!dropped) {
                            outcome = dropped.error();
                            return false;
                          }
                          remember_dropped(spool_keys::sequence(key),
                                           value.size() + dropped->shipment().manifest_bytes());
                          return true;
                        }));
  return outcome;
}

void Spool::remember_dropped(ShipmentSequence sequence, std::uint64_t bytes) {
  dropped_.emplace(sequence, bytes);
  dropped_bytes_ += bytes;
}

// What is kept of a shipment that is let go of: where its blobs came from.
Result<proto::SpooledDropped> Spool::dropped_entry(const proto::Shipment& shipment) const {
  const ShipmentSequence sequence(shipment.sequence());
  proto::SpooledDropped dropped;
  SLUICE_TRY(auto summary, read_stored<proto::SpooledShipment>(parts_.index, Family::kShipments,
                                                               spool_keys::summary(sequence)));
  if (summary) {
    *dropped.mutable_shipment() = *std::move(summary);
  }
  for (const proto::Blob& blob : shipment.blobs()) {
    const auto digest = Sha256Digest::from_bytes(as_bytes(blob.sha256()));
    SLUICE_ASSERT(digest.has_value());
    SLUICE_TRY(auto held, read_stored<proto::SpooledBlob>(parts_.index, Family::kShipments,
                                                          spool_keys::held_blob(*digest)));
    if (held && !held->uri().empty()) {
      proto::SpooledAddress& address = *dropped.add_addresses();
      address.set_sha256(blob.sha256());
      address.set_uri(std::move(*held->mutable_uri()));
    }
  }
  return dropped;
}

// Forgets the oldest manifests beyond the budget that nobody waits for.
Result<void> Spool::forget_dropped() {
  while (dropped_bytes_ > settings_.keep_manifest_bytes && !dropped_.empty()) {
    const auto [sequence, bytes] = *dropped_.begin();
    if (asked_.contains(sequence) || refetch_.contains(sequence)) {
      return {};
    }
    Batch batch;
    batch.remove(Family::kShipments, spool_keys::manifest(sequence));
    batch.remove(Family::kShipments, spool_keys::dropped(sequence));
    SLUICE_TRY_VOID(write(batch));
    dropped_bytes_ -= bytes;
    dropped_.erase(dropped_.begin());
  }
  return {};
}

Result<std::string> Spool::address_of(ShipmentSequence sequence, const Sha256Digest& digest) const {
  SLUICE_TRY(auto held, read_stored<proto::SpooledBlob>(parts_.index, Family::kShipments,
                                                        spool_keys::held_blob(digest)));
  if (held && !held->uri().empty()) {
    return held->uri();
  }
  SLUICE_TRY(const auto dropped,
             read_stored<proto::SpooledDropped>(parts_.index, Family::kShipments,
                                                spool_keys::dropped(sequence)));
  if (dropped) {
    const auto found = std::ranges::find(dropped->addresses(), as_text(digest.bytes()),
                                         &proto::SpooledAddress::sha256);
    if (found != dropped->addresses().end()) {
      return found->uri();
    }
  }
  return std::string();
}

Result<bool> Spool::lacks_blobs(const OutgoingPass& pass) const {
  for (const OutgoingBlob& blob : pass.blobs) {
    SLUICE_TRY(const auto found, parts_.blobs.find(blob.digest));
    if (!found) {
      return true;
    }
  }
  return false;
}

// A shipment that was asked for turns out to lack blobs: it is sent when they have been fetched.
Result<void> Spool::put_off(ShipmentSequence sequence) {
  Asked asked = asked_;
  Asked refetch = refetch_;
  asked.remove(sequence);
  refetch.add({sequence, sequence});
  return save_asked(std::move(asked), std::move(refetch));
}

Result<void> Spool::save_asked(Asked asked, Asked refetch) {
  Batch batch;
  batch.put(Family::kMeta, std::string(spool_keys::kAsked), asked.stored().SerializeAsString());
  batch.put(Family::kMeta, std::string(spool_keys::kRefetch), refetch.stored().SerializeAsString());
  SLUICE_TRY_VOID(write(batch));
  asked_ = std::move(asked);
  refetch_ = std::move(refetch);
  ++changes_;
  show_gauges();
  return {};
}

Result<std::optional<Refetch>> Spool::next_refetch() {
  const std::lock_guard lock(mutex_);
  const auto next = refetch_.next();
  if (!next || refetched_.size() >= kMaxRefetched) {
    return std::optional<Refetch>();
  }
  std::string bytes;
  SLUICE_TRY(const proto::Shipment shipment, manifest(*next, bytes));
  Refetch refetch{*next, {}};
  const UtcTime now = parts_.clock.utc_now();
  for (const proto::Blob& blob : shipment.blobs()) {
    const auto digest = Sha256Digest::from_bytes(as_bytes(blob.sha256()));
    SLUICE_ASSERT(digest.has_value());
    asked_for_[*digest] = now;  // what is there stays until it has been sent
    SLUICE_TRY(const auto found, parts_.blobs.find(*digest));
    if (found) {
      continue;
    }
    Refetch::Blob& missing = refetch.missing.emplace_back();
    missing.name = blob.name();
    missing.size = blob.size();
    missing.digests.emplace_back(*digest);
    for (const proto::Alias& alias : blob.aliases()) {
      if (auto other = store::from_proto(alias)) {
        missing.digests.push_back(*other);
      }
    }
    SLUICE_TRY(missing.uri, address_of(*next, *digest));
  }
  return std::optional(std::move(refetch));
}

Result<void> Spool::refetched(ShipmentSequence sequence) {
  const std::lock_guard lock(mutex_);
  Asked asked = asked_;
  Asked refetch = refetch_;
  refetch.remove(sequence);
  asked.add({sequence, sequence});
  SLUICE_TRY_VOID(save_asked(std::move(asked), std::move(refetch)));
  refetched_.insert(sequence);
  return {};
}

}  // namespace sluice::low
