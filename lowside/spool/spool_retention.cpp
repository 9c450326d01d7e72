// retain(): what the spool lets go. Shipments go strictly by age, so that what is held is always
// one run of sequence numbers, and the latest carrier of a blob is the last of its carriers to go.
#include "lowside/spool/spool.h"
#include "lowside/spool/spool_state.h"

namespace sluice::low {
namespace {

using store::Batch;
using store::Family;

// Of one call; the next goes on.
constexpr std::size_t kMaxBlobsDropped = 100'000;

}  // namespace

Result<Dropped> Spool::retain(Age age) {
  Result<Dropped> dropped = drop_all(age);
  if (!dropped && dropped.error().code == ErrorCode::kExhausted && reserve_.held()) {
    without_reserve_ = true;  // first: nothing new may use it up
    SLUICE_TRY_VOID(reserve_.give_back());
    dropped = drop_all(age);
  }
  const Result<bool> held = reserve_.take();
  if (held && *held) {
    without_reserve_ = false;
  }
  return dropped;
}

Result<void> Spool::has_room() const {
  if (!without_reserve_) {
    return {};
  }
  return disk_full({ErrorCode::kExhausted, "spool", "the disk was full to its last byte", ""});
}

Result<Dropped> Spool::drop_all(Age age) {
  const UtcTime now = parts_.clock.utc_now();
  Dropped dropped;
  for (;;) {
    const std::lock_guard lock(mutex_);
    SLUICE_TRY(const bool gone, drop_oldest(age, now));
    if (!gone && age == Age::kCounts) {
      std::erase_if(asked_for_, [&](const auto& asked) {
        return asked.second + settings_.keep_unshipped < now;
      });
    }
    if (!gone) {
      SLUICE_TRY_VOID(forget_dropped());
      break;
    }
    ++dropped.shipments;
  }
  if (age == Age::kIgnored) {
    return dropped;  // how long ago a blob was asked for is not known
  }
  SLUICE_TRY(const std::vector<Sha256Digest> unneeded, unneeded_blobs(now));
  for (const Sha256Digest& digest : unneeded) {
    SLUICE_TRY(const bool gone, drop_blob(digest, now));
    dropped.blobs += gone ? 1 : 0;
  }
  const std::lock_guard lock(mutex_);
  show_gauges();
  return dropped;
}

// False if the oldest has to stay.
Result<bool> Spool::drop_oldest(Age age, UtcTime now) {
  if (held_.empty()) {
    return false;
  }
  const ShipmentSequence sequence = held_.begin()->first;
  SLUICE_TRY(const proto::SpooledPasses passes, this->passes(sequence));
  const bool old =
      age == Age::kCounts && from_unix_micros(passes.last_sent_micros()) + settings_.keep_age < now;
  if (passes.outstanding_size() != 0 || asked_.contains(sequence) || refetch_.contains(sequence) ||
      carousel_.in_hand(sequence) || (!old && held_bytes_ <= settings_.keep_bytes)) {
    return false;
  }
  std::string bytes;
  SLUICE_TRY(const proto::Shipment shipment, manifest(sequence, bytes));
  Batch batch;
  for (const proto::Blob& blob : shipment.blobs()) {
    const auto digest = Sha256Digest::from_bytes(as_bytes(blob.sha256()));
    SLUICE_ASSERT(digest.has_value());
    SLUICE_TRY(const auto carrier,
               read_stored<proto::SpooledCarrier>(parts_.index, Family::kShipments,
                                                  spool_keys::carrier(*digest)));
    if (carrier && carrier->sequence() == sequence.value()) {
      batch.remove(Family::kShipments, spool_keys::carrier(*digest));
    }
  }
  SLUICE_TRY(const proto::SpooledDropped entry, dropped_entry(shipment));
  const std::string kept = entry.SerializeAsString();
  batch.put(Family::kShipments, spool_keys::dropped(sequence), kept);
  batch.remove(Family::kShipments, spool_keys::summary(sequence));
  batch.remove(Family::kShipments, spool_keys::passes(sequence));
  SLUICE_TRY_VOID(write(batch));
  remember_dropped(sequence, bytes.size() + kept.size());
  held_bytes_ -= held_.begin()->second;
  held_.erase(held_.begin());
  return true;
}

Result<bool> Spool::needed(const Sha256Digest& digest, const proto::SpooledBlob& held,
                           UtcTime now) const {
  if (from_unix_micros(held.taken_micros()) + settings_.keep_unshipped >= now) {
    return true;
  }
  SLUICE_TRY(const auto carrier, parts_.index.get(Family::kShipments, spool_keys::carrier(digest)));
  return carrier.has_value();
}

// Without the mutex, which a long look would hold: drop_blob() looks again.
Result<std::vector<Sha256Digest>> Spool::unneeded_blobs(UtcTime now) const {
  std::vector<Sha256Digest> unneeded;
  Result<void> outcome;
  SLUICE_TRY_VOID(parts_.index.scan(Family::kShipments, spool_keys::kHeldBlobs, "",
                                    [&](std::string_view key, std::string_view value) {
                                      const auto digest =
                                          Sha256Digest::from_bytes(as_bytes(key.substr(1)));
                                      const auto held = parse_stored<proto::SpooledBlob>(value);
                                      if (!digest || !held) {
                                        outcome = held ? Result<void>() : held.error();
                                        return false;
                                      }
                                      const auto wanted = needed(*digest, *held, now);
                                      if (!wanted) {
                                        outcome = wanted.error();
                                        return false;
                                      }
                                      if (!*wanted) {
                                        unneeded.push_back(*digest);
                                      }
                                      return unneeded.size() < kMaxBlobsDropped;
                                    }));
  SLUICE_TRY_VOID(outcome);
  return unneeded;
}

Result<bool> Spool::drop_blob(const Sha256Digest& digest, UtcTime now) {
  const std::string key = spool_keys::held_blob(digest);
  const std::lock_guard lock(mutex_);
  SLUICE_TRY(const auto held,
             read_stored<proto::SpooledBlob>(parts_.index, Family::kShipments, key));
  if (!held || asked_for_.contains(digest)) {
    return false;
  }
  SLUICE_TRY(const bool wanted, needed(digest, *held, now));
  if (wanted) {
    return false;
  }
  // The bytes first: what is said of them is then found here again, if the second step fails.
  if (auto removed = parts_.blobs.remove(digest); !removed) {
    return disk_full(std::move(removed).error());
  }
  Batch batch;
  batch.remove(Family::kShipments, key);
  SLUICE_TRY_VOID(write(batch));
  return true;
}

}  // namespace sluice::low
