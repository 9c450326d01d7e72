// Publishes every shipment that has become whole, and knows what keeps the others from it.
//
//   assembler ─announced(), heartbeat()─┐
//   committer ─durable()────────────────┴─> ledger, waits (one lock) ─> to examine ─> publisher
//   thread
//                                                                                      │ read
//                                                                                      manifest │
//                                                                                      count blobs,
//                                                                                      after │
//                                                                                      check
//                                                                                      records └
//                                                                                      Catalog::publish
//
// A shipment is examined when its notice arrives, when the last blob that it waits for is durable
// and when the last shipment that it waits for is published; at the start all that are open are. An
// examination begins with the store each time, so that none depends on what an earlier one saw.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_set>
#include <vector>

#include "common/base/limits.h"
#include "common/store/scrubber.h"
#include "highside/catalog/blob_holds.h"
#include "highside/catalog/blob_waits.h"
#include "highside/catalog/catalog.h"
#include "highside/catalog/ledger.h"
#include "highside/catalog/shipment_check.h"
#include "highside/pipeline/namespaces.h"
#include "highside/pipeline/site.h"
#include "highside/pipeline/stages.h"

namespace sluice::high {

struct PublisherSettings {
  // Blobs that open shipments wait for, in memory: 120 MB. Shipments beyond it are examined again
  // every `retry_every` while blobs become durable.
  std::size_t waiting_blobs = 1'000'000;
  std::chrono::milliseconds retry_every{1000};  // also after a failure of the store
  Namespaces site{};                            // names that nothing from outside may have
};
static_assert(PublisherSettings{}.waiting_blobs >= 2 * limits::kMaxBlobsPerShipment,
              "two of the largest shipments can be waited for");

class Publisher final : public NoticeSink, public DurableListener, public SitePublisher {
 public:
  // All of them must outlive it. `catalog` is loaded, and nobody else publishes in it.
  Publisher(Catalog& catalog, store::KeyValueStore& index, store::BlobStore& blobs,
            const Clock& clock, observe::Counters& counters, observe::EventSink& events,
            PublisherSettings settings = {});
  ~Publisher() override;

  void add(RecordCheck& check);  // before start()
  // Goes on with what the ledger says is open. start() does so too; then the thread. `manifests`
  // must outlive stop().
  Result<void> open(ManifestReader& manifests);
  Result<void> start(ManifestReader& manifests);
  void stop();
  // What the thread does, for those who do without it: examines one shipment, or saves the ledger,
  // if there is reason to. False: there was none; call again when something has happened, or after
  // retry_every.
  bool step();

  void announced(const std::string& stream, const wire::ShipmentNotice& notice) override;
  void heartbeat(const std::string& stream, const wire::Heartbeat& heartbeat,
                 UtcTime arrived) override;
  void durable(const std::vector<Sha256Digest>& blobs) override;
  void given_up(const Sha256Digest& blob) override;

  // Any thread; after start(). What the site publishes itself (site_stream.cpp).
  Result<SiteOutcome> publish(const SiteChange& change) override;
  void hold(const Sha256Digest& blob) override;

  CatalogStatus status() const;
  // These blobs of the store are damaged: names them as lost where published shipments need them,
  // takes them out of the store, and has open shipments wait for them again. Returns what they
  // belong to. An Error: some are left as they were. Reads manifests and the whole catalog.
  Result<std::vector<LostBlob>> lose(const std::vector<store::DamagedBlob>& damaged);
  // Garbage collection (collector.h), from begin_ to end_collecting(): what is examined meanwhile
  // is noted as needed. One at a time.
  Result<std::vector<LedgerEntry>> begin_collecting();
  void end_collecting();
  // The lowest shipment of the stream that its sender can still send again, as far as is known.
  std::uint64_t oldest_held_by_sender(const std::string& stream) const;
  // What an open shipment needs: its manifest, and what that names where it is here and good.
  Result<std::vector<Sha256Digest>> needed_by(const LedgerEntry& open) const;
  // Removes those that nothing examined since begin_collecting() names and nobody holds; nothing is
  // published meanwhile. Returns those that it removed. An Error: some of them may be gone.
  Result<std::vector<Sha256Digest>> remove_unneeded(const std::vector<Sha256Digest>& blobs);

  // What is not visible, by stream and sequence; at most `limit` gaps, and `blobs_limit` missing
  // blobs of each. Reads manifests: not for a hot path.
  std::vector<Gap> gaps(std::size_t limit, std::size_t blobs_limit) const;

 private:
  void run();
  bool wait_for_work();
  std::optional<ShipmentRef> next();
  void try_again();
  bool save_ledger();
  void examine(const ShipmentRef& ref);
  Result<bool> all_there(const ShipmentRef& ref, const proto::Shipment& shipment);
  Result<bool> await_blobs(const ShipmentRef& ref, const proto::Shipment& shipment);
  Result<std::vector<Sha256Digest>> held(const std::vector<Sha256Digest>& blobs) const;
  void arrived(const Sha256Digest& blob, const ShipmentRef& ref);  // locked
  Result<bool> await_after(const ShipmentRef& ref, const proto::Shipment& shipment);
  Result<void> publish(const ShipmentRef& ref, const VerifiedShipment& shipment);
  Result<void> take_in(const std::vector<SiteBlob>& brought);
  Result<SiteOutcome> publish_inside(const SiteChange& change);
  Result<SiteOutcome> flip_to(const SiteChange& change, const proto::Record& record);
  void release_dependents(const ShipmentRef& ref);       // locked
  void release_from_dropped(const std::string& stream);  // locked
  void failed(const ShipmentRef& ref, const Error& error, observe::Metric metric);
  // lost blobs (lost_shipments.cpp)
  Result<void> settle_lost();
  Result<void> add_carriers(std::map<Sha256Digest, LostBlob>& blobs) const;
  Result<void> take_out(const std::vector<LostBlob>& blobs);
  void tell_lost(const LostBlob& blob);
  void add_damaged(std::vector<Gap>& gaps, const std::string& name, const Ledger::Stream& stream,
                   std::size_t blobs_limit) const;  // locked
  void add_missing(Gap& gap, const OpenShipment& open, std::size_t blobs_limit) const;

  Catalog& catalog_;
  store::BlobStore& blobs_;
  const Clock& clock_;
  observe::Counters& counters_;
  observe::EventSink& events_;
  const PublisherSettings settings_;
  ShipmentCheck check_;
  BlobHolds holds_;
  ManifestReader* manifests_ = nullptr;

  mutable std::mutex asking_;  // one gaps() at a time, because it reads manifests; before mutex_
  // Held while a shipment is checked and published, and while blobs are taken out; before mutex_.
  std::mutex publishing_;
  bool collecting_ = false;                    // guarded by publishing_, as is the next one
  std::unordered_set<Sha256Digest> examined_;  // blobs of what was examined during a collection
  mutable std::mutex mutex_;
  std::condition_variable work_;
  Ledger ledger_;
  BlobWaits waits_;
  std::set<ShipmentRef> to_examine_;
  std::set<ShipmentRef> later_;      // after a failure that may go away
  std::set<ShipmentRef> untracked_;  // wait for more blobs than there is room for
  SteadyTime retry_at_;
  bool blobs_came_ = false;  // since untracked ones were examined
  bool ledger_changed_ = false;
  bool ledger_failed_ = false;
  bool overfull_ = false;  // told once
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sluice::high
