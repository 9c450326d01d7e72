// What must hold of a whole shipment before it becomes visible. Nothing is believed because the
// sender wrote it: blobs are looked up, aliases computed, records given to their ecosystem's check.
#pragma once

#include <vector>

#include "common/observe/counters.h"
#include "common/observe/events.h"
#include "common/store/blob_store.h"
#include "highside/catalog/catalog.h"
#include "highside/pipeline/flow.h"
#include "highside/pipeline/namespaces.h"
#include "highside/pipeline/site.h"

namespace sluice::high {

// The publisher's thread.
class ShipmentCheck {
 public:
  // `site`: names that nothing from outside may have. All outlive it.
  ShipmentCheck(const Catalog& catalog, store::BlobStore& blobs, const Namespaces& site,
                observe::Counters& counters, observe::EventSink& events)
      : catalog_(catalog), blobs_(blobs), site_(site), counters_(counters), events_(events) {}

  void add(RecordCheck& check) { checks_.push_back(&check); }

  // Every blob that the shipment or one of its records names, once, ascending.
  static std::vector<Sha256Digest> blobs_of(const proto::Shipment& shipment);

  // The records to publish: those that are older than what is held, and those under names of the
  // site, are left out, with an event.
  // kIntegrity, kInvalid, kRefused: the shipment is bad or nothing here can check it. kUnavailable,
  // kIo, kExhausted: try again later. `records` point into the shipment.
  Result<std::vector<const proto::Record*>> check(const VerifiedShipment& verified) {
    return check(verified.shipment());
  }
  // The same of what the site publishes itself, of which nothing is left out: kOutdated is an
  // Error.
  Result<std::vector<const proto::Record*>> check_inside(const proto::Shipment& shipment);

 private:
  Result<std::vector<const proto::Record*>> check(const proto::Shipment& shipment);
  Result<void> check_held(const proto::Shipment& shipment) const;
  bool is_foreign(const proto::Record& record, const std::optional<Catalog::State>& newest) const;
  Result<void> check_body(const proto::Record& record, const std::optional<Catalog::State>& newest);
  Result<void> check_blob(const proto::Blob& blob, std::vector<store::NewBlob>& additions);
  Result<bool> check_record(const proto::Shipment& shipment, const proto::Record& record);

  const Catalog& catalog_;
  store::BlobStore& blobs_;
  const Namespaces& site_;
  observe::Counters& counters_;
  observe::EventSink& events_;
  std::vector<RecordCheck*> checks_;
};

}  // namespace sluice::high
