// What an export asks of the spool.
#include <algorithm>
#include <set>

#include "lowside/spool/spool.h"
#include "lowside/spool/spool_state.h"

namespace sluice::low {
namespace {

using store::Family;

std::string name_of(ShipmentSequence sequence) {
  return "shipment " + std::to_string(sequence.value());
}

}  // namespace

Result<OutgoingPass> Spool::pass_of(ShipmentSequence sequence) {
  const std::lock_guard lock(mutex_);
  SLUICE_TRY_VOID(check_held({sequence, sequence}));
  const char* const cure =
      "sluice-low resend fetches it again and sends it; export it when that has been done";
  if (!held_.contains(sequence)) {
    return Error{ErrorCode::kNotFound, name_of(sequence), "only its manifest is held", cure};
  }
  // The number of a resend: its blobs are hashed as they are read, unlike in a first pass.
  SLUICE_TRY(OutgoingPass pass, outgoing({sequence, 1}, Urgency::kResend));
  SLUICE_TRY(const bool lacks, lacks_blobs(pass));
  if (lacks) {
    return Error{ErrorCode::kNotFound, name_of(sequence), "not all of its blobs are held", cure};
  }
  return pass;
}

Result<proto::Shipment> Spool::shipment(ShipmentSequence sequence) const {
  const std::lock_guard lock(mutex_);
  std::string bytes;
  return manifest(sequence, bytes);
}

Result<std::vector<ShipmentSequence>> Spool::carriers_of(const std::string& source,
                                                         const std::string& document,
                                                         bool earlier) const {
  std::vector<ShipmentSequence> of_source;
  SLUICE_TRY_VOID(list(ShipmentSequence(1), [&](const ShipmentStatus& one) {
    if (one.source == source) {
      of_source.push_back(one.sequence);
    }
    return true;
  }));
  for (auto at = of_source.rbegin(); at != of_source.rend(); ++at) {
    SLUICE_TRY(const proto::Shipment found, shipment(*at));
    const auto record = std::ranges::find(found.records(), document,
                                          [](const auto& one) { return one.document(); });
    if (record == found.records().end() || record->withdrawn()) {
      continue;
    }
    std::set<ShipmentSequence> carriers{*at};
    for (const std::string& name : record->blobs()) {
      const auto digest = Sha256Digest::from_bytes(as_bytes(name));
      SLUICE_ASSERT(digest.has_value());  // append() has read it back
      SLUICE_TRY(const auto carrier,
                 read_stored<proto::SpooledCarrier>(parts_.index, Family::kShipments,
                                                    spool_keys::carrier(*digest)));
      if (carrier) {
        carriers.insert(ShipmentSequence(carrier->sequence()));
      }
    }
    if (earlier) {
      carriers.insert(of_source.begin(), at.base());
    }
    return std::vector<ShipmentSequence>(carriers.begin(), carriers.end());
  }
  return Error{ErrorCode::kNotFound, source + "/" + document,
               "no shipment that is held has such a document",
               "sluice-low status lists the sources; the name is the upstream's own"};
}

}  // namespace sluice::low
