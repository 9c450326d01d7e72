// The site's own stream: what is published inside becomes visible as a shipment does, with a number
// in the ledger, a manifest that says what it brought and by whom, and one flip of the edition.
#include "common/base/hasher.h"
#include "highside/catalog/publisher.h"
#include "sluice/wire.pb.h"

namespace sluice::high {

using observe::Level;
using observe::Metric;

namespace {

std::string name_of(const SiteChange& change) { return change.ecosystem + " " + change.document; }

// Its record is left out: what a document was is in the catalog, and this stays small.
store::NewBlob manifest_of(proto::Shipment shipment) {
  for (proto::Record& record : *shipment.mutable_records()) {
    record.clear_body();
    record.clear_blobs();
  }
  proto::SignedEnvelope envelope;  // nobody signs: it never leaves this side
  envelope.set_payload(shipment.SerializeAsString());
  const std::string text = envelope.SerializeAsString();
  const Bytes bytes(text.begin(), text.end());
  return {{sha256(bytes), bytes.size(), {}}, bytes};
}

proto::Shipment shipment_of(const SiteChange& change, const proto::Record& record, UtcTime now) {
  proto::Shipment shipment;
  shipment.set_stream(std::string(kSiteStream));
  shipment.set_created_micros(to_unix_micros(now));
  shipment.set_source(change.by);
  for (const SiteBlob& brought : change.blobs) {
    proto::Blob& blob = *shipment.add_blobs();
    blob.set_sha256(std::string(as_text(brought.blob.info.digest.bytes())));
    blob.set_size(brought.blob.info.size);
    blob.set_name(brought.name);
  }
  *shipment.add_records() = record;
  shipment.mutable_records(0)->set_ecosystem(change.ecosystem);
  shipment.mutable_records(0)->set_document(change.document);
  return shipment;
}

// What a change brings, from before it is committed until it is shown or given up.
class Pins {
 public:
  Pins(BlobHolds& holds, const std::vector<SiteBlob>& brought) : holds_(holds), brought_(brought) {
    for (const SiteBlob& one : brought_) {
      holds_.pin(one.blob.info.digest);
    }
  }
  ~Pins() {
    for (const SiteBlob& one : brought_) {
      holds_.unpin(one.blob.info.digest);
    }
  }
  Pins(const Pins&) = delete;
  Pins& operator=(const Pins&) = delete;

 private:
  BlobHolds& holds_;
  const std::vector<SiteBlob>& brought_;
};

}  // namespace

void Publisher::hold(const Sha256Digest& blob) { holds_.hold(blob); }

Result<SiteOutcome> Publisher::publish(const SiteChange& change) {
  Result<SiteOutcome> done = publish_inside(change);
  if (!done) {
    counters_.add(Metric::kSiteRefused);
    events_.failure(Level::kWarning, "site.refused", done.error(),
                    {{"document", name_of(change)}, {"by", change.by}});
    return done;
  }
  counters_.add(done->changed ? Metric::kSitePublished : Metric::kSiteUnchanged);
  return done;
}

// What it brings is made durable before anything else waits for it.
Result<void> Publisher::take_in(const std::vector<SiteBlob>& brought) {
  std::vector<store::NewBlob> blobs;
  std::vector<Sha256Digest> digests;
  for (const SiteBlob& one : brought) {
    blobs.push_back(one.blob);
    digests.push_back(one.blob.info.digest);
  }
  if (!blobs.empty()) {
    SLUICE_TRY_VOID(blobs_.commit(blobs));
    durable(digests);
  }
  return {};
}

Result<SiteOutcome> Publisher::publish_inside(const SiteChange& change) {
  const Pins pins(holds_, change.blobs);
  SLUICE_TRY_VOID(take_in(change.blobs));
  const std::lock_guard publishing(publishing_);
  SLUICE_TRY(const auto state,
             catalog_.state(catalog_.current(), change.ecosystem, change.document));
  const bool shown = state && !state->withdrawn;
  if (shown && state->entry.stream != kSiteStream && !change.over_outside) {
    return Error{ErrorCode::kRefused, name_of(change),
                 "what is held under this name came from outside, by stream " + state->entry.stream,
                 "take it away first: sluice-high withdraw " + name_of(change)};
  }
  SLUICE_TRY(const auto record, change.make(shown ? std::optional(state->entry) : std::nullopt));
  if (!record) {
    return SiteOutcome{catalog_.current(), false};
  }
  return flip_to(change, *record);
}

// Locked by publishing_.
Result<SiteOutcome> Publisher::flip_to(const SiteChange& change, const proto::Record& record) {
  const UtcTime now = clock_.utc_now();
  proto::Shipment shipment = shipment_of(change, record, now);
  ShipmentRef ref{std::string(kSiteStream), 0};
  {
    const std::lock_guard lock(mutex_);
    ref.sequence = ledger_.next_own(ref.stream);
  }
  shipment.set_sequence(ref.sequence);
  const store::NewBlob manifest = manifest_of(shipment);
  if (manifest.info.size > limits::kInlineBlobBytes) {
    return Error{ErrorCode::kRefused, name_of(change), "it brings too many blobs at once",
                 "publish in smaller steps"};
  }
  if (collecting_) {
    const auto named = ShipmentCheck::blobs_of(shipment);
    examined_.insert(named.begin(), named.end());
    examined_.insert(manifest.info.digest);
  }
  SLUICE_TRY(const auto records, check_.check_inside(shipment));
  SLUICE_TRY_VOID(blobs_.commit({manifest}));
  store::Batch along;
  Ledger::put_own(ref, manifest.info, catalog_.current().next(), now, along);
  SLUICE_TRY(const Edition edition, catalog_.publish({shipment, records, now}, std::move(along)));
  {
    const std::lock_guard lock(mutex_);
    ledger_.published(ref);
    ledger_changed_ = true;
    work_.notify_one();
  }
  events_.emit(Level::kNotice, "site.published",
               {{"shipment", observe::shipment_id(ref.stream, ShipmentSequence(ref.sequence))},
                {"edition", std::to_string(edition.value())},
                {"document", name_of(change)},
                {"by", change.by},
                {"blobs", std::to_string(change.blobs.size())},
                {"withdrawn", record.withdrawn() ? "yes" : "no"}});
  return SiteOutcome{edition, true};
}

}  // namespace sluice::high
