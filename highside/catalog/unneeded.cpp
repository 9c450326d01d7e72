// What garbage collection asks of the publisher.
#include "highside/catalog/publisher.h"

namespace sluice::high {

Result<std::vector<LedgerEntry>> Publisher::begin_collecting() {
  const std::lock_guard publishing(publishing_);
  collecting_ = true;
  examined_.clear();
  const std::lock_guard lock(mutex_);
  SLUICE_TRY_VOID(ledger_.save());  // what was heard since it was saved last is open as well
  return ledger_.entries();
}

void Publisher::end_collecting() {
  const std::lock_guard publishing(publishing_);
  collecting_ = false;
  examined_.clear();
}

std::uint64_t Publisher::oldest_held_by_sender(const std::string& stream) const {
  const std::lock_guard lock(mutex_);
  const auto known = ledger_.streams().find(stream);
  return known == ledger_.streams().end() ? 0 : known->second.oldest;
}

Result<std::vector<Sha256Digest>> Publisher::needed_by(const LedgerEntry& open) const {
  std::vector<Sha256Digest> blobs{open.manifest};
  SLUICE_TRY(const auto held, blobs_.find(open.manifest));
  if (!held) {
    return blobs;
  }
  const auto shipment =
      manifests_->read(open.ref.stream, ShipmentSequence(open.ref.sequence), open.manifest);
  if (shipment) {
    const auto named = ShipmentCheck::blobs_of(shipment->shipment());
    blobs.insert(blobs.end(), named.begin(), named.end());
    return blobs;
  }
  switch (shipment.error().code) {
    case ErrorCode::kInvalid:      // it is refused
    case ErrorCode::kIntegrity:    // the same
    case ErrorCode::kUnavailable:  // nobody is configured who could complete it
    case ErrorCode::kNotFound:     // taken out this moment, as damaged
      return blobs;
    default:
      return shipment.error();
  }
}

Result<std::vector<Sha256Digest>> Publisher::remove_unneeded(
    const std::vector<Sha256Digest>& blobs) {
  const std::lock_guard publishing(publishing_);
  std::vector<Sha256Digest> removed;
  for (const Sha256Digest& blob : blobs) {
    if (examined_.contains(blob)) {
      continue;
    }
    SLUICE_TRY(const bool gone, holds_.unless_held(blob, [&] { return blobs_.remove(blob); }));
    if (gone) {
      removed.push_back(blob);
    }
  }
  return removed;
}

}  // namespace sluice::high
