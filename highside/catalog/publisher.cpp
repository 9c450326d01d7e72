#include "highside/catalog/publisher.h"

#include <algorithm>

#include "common/base/limits.h"
#include "highside/pipeline/retry.h"

namespace sluice::high {

using observe::Level;
using observe::Metric;

namespace {

std::string id(const ShipmentRef& ref) {
  return observe::shipment_id(ref.stream, ShipmentSequence(ref.sequence));
}

}  // namespace

Publisher::Publisher(Catalog& catalog, store::KeyValueStore& index, store::BlobStore& blobs,
                     const Clock& clock, observe::Counters& counters, observe::EventSink& events,
                     PublisherSettings settings)
    : catalog_(catalog),
      blobs_(blobs),
      clock_(clock),
      counters_(counters),
      events_(events),
      settings_(settings),
      check_(catalog, blobs, settings_.site, counters, events),
      holds_(clock),
      ledger_(index) {}

Publisher::~Publisher() { stop(); }

void Publisher::add(RecordCheck& check) { check_.add(check); }

Result<void> Publisher::open(ManifestReader& manifests) {
  manifests_ = &manifests;
  SLUICE_TRY_VOID(settle_lost());
  const std::lock_guard lock(mutex_);
  SLUICE_TRY_VOID(ledger_.load());
  for (const auto& [name, stream] : ledger_.streams()) {
    for (const auto& [sequence, open] : stream.open) {
      waits_.add(open.manifest, {name, sequence});
      to_examine_.insert({name, sequence});
    }
  }
  return {};
}

Result<void> Publisher::start(ManifestReader& manifests) {
  SLUICE_ASSERT(!thread_.joinable());
  SLUICE_TRY_VOID(open(manifests));
  thread_ = std::thread([this] { run(); });
  return {};
}

void Publisher::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
    save_ledger();
  }
}

void Publisher::announced(const std::string& stream, const wire::ShipmentNotice& notice) {
  const ShipmentRef ref{stream, notice.sequence.value()};
  const std::lock_guard lock(mutex_);
  switch (ledger_.announced(stream, notice, clock_.utc_now())) {
    case Ledger::Notice::kNew:
      ledger_changed_ = true;
      if (notice.manifest_bytes > limits::kMaxManifestBytes) {
        ledger_.refuse(ref, "its manifest is larger than a manifest may be");
        counters_.add(Metric::kManifestsBad);
        events_.emit(Level::kError, "shipment.refused",
                     {{"shipment", id(ref)}, {"cause", ledger_.find(ref)->cause}});
      } else {
        waits_.add(notice.manifest, ref);
        to_examine_.insert(ref);
      }
      work_.notify_one();
      return;
    case Ledger::Notice::kKnown:
      return;
    case Ledger::Notice::kPublished:
      counters_.add(Metric::kRefusedOldShipments);
      return;
    case Ledger::Notice::kConflict:
    case Ledger::Notice::kBadSequence:
      counters_.add(Metric::kManifestsBad);
      events_.failure(Level::kError, "shipment.conflict",
                      {ErrorCode::kIntegrity, "shipment " + id(ref),
                       "its number is taken by another manifest, or is none",
                       "find out whether the sender's spool was lost or somebody holds its key"},
                      {{"shipment", id(ref)}, {"manifest", notice.manifest.hex()}});
      return;
    case Ledger::Notice::kTooMany:
      if (!std::exchange(overfull_, true)) {
        events_.failure(Level::kError, "ledger.full",
                        {ErrorCode::kRefused, "stream " + stream,
                         std::to_string(Ledger::kMaxOpen) + " shipments wait to become whole",
                         "send again what is missing of the oldest"});
      }
      return;
  }
}

void Publisher::heartbeat(const std::string& stream, const wire::Heartbeat& heartbeat,
                          UtcTime arrived) {
  const std::lock_guard lock(mutex_);
  ledger_.heartbeat(stream, heartbeat, arrived);
  release_from_dropped(stream);
  ledger_changed_ = true;
  work_.notify_one();
}

// What the sender can send no more holds nothing up: it stays a gap, named as such. Locked.
void Publisher::release_from_dropped(const std::string& stream) {
  const Ledger::Stream& known = ledger_.streams().at(stream);
  for (const auto& [sequence, open] : known.open) {
    if (open.state == ShipmentState::kWaitingForAfter &&
        std::ranges::all_of(open.waits_for,
                            [&](std::uint64_t before) { return before < known.oldest; })) {
      to_examine_.insert({stream, sequence});
    }
  }
}

void Publisher::durable(const std::vector<Sha256Digest>& blobs) {
  const std::lock_guard lock(mutex_);
  for (const Sha256Digest& blob : blobs) {
    for (const ShipmentRef& ref : waits_.take(blob)) {
      arrived(blob, ref);
    }
    if (catalog_.lost().found(blob)) {
      ledger_changed_ = true;
      events_.emit(Level::kNotice, "blob.restored", {{"blob", blob.hex()}});
    }
  }
  blobs_came_ = true;
  work_.notify_one();
}

void Publisher::given_up(const Sha256Digest& /*blob*/) {}  // it is still missing: nothing changes

// The wait for `blob` has been removed.
void Publisher::arrived(const Sha256Digest& blob, const ShipmentRef& ref) {
  OpenShipment* const open = ledger_.find(ref);
  if (open == nullptr) {
    return;
  }
  if (open->missing > 0) {
    --open->missing;
  }
  if (open->missing == 0 || blob == open->manifest) {
    to_examine_.insert(ref);
  }
}

void Publisher::run() {
  while (wait_for_work()) {
    step();
  }
}

// False: stopping.
bool Publisher::wait_for_work() {
  std::unique_lock lock(mutex_);
  const auto ready = [&] { return stopping_ || !to_examine_.empty() || ledger_changed_; };
  if (later_.empty() && untracked_.empty() && !ledger_failed_) {
    work_.wait(lock, ready);
  } else {
    work_.wait_for(lock, retry_at_ - clock_.steady_now(), ready);
  }
  return !stopping_;
}

bool Publisher::step() {
  const std::optional<ShipmentRef> ref = next();
  if (ref) {
    examine(*ref);
  }
  return save_ledger() || ref;
}

std::optional<ShipmentRef> Publisher::next() {
  const std::lock_guard lock(mutex_);
  try_again();
  if (to_examine_.empty()) {
    return std::nullopt;
  }
  return std::move(to_examine_.extract(to_examine_.begin()).value());
}

// Takes up what failed or had no room, when it is time. Locked.
void Publisher::try_again() {
  const SteadyTime now = clock_.steady_now();
  if (now < retry_at_) {
    return;
  }
  retry_at_ = now + settings_.retry_every;
  to_examine_.merge(later_);
  ledger_changed_ = ledger_changed_ || ledger_failed_;
  if (std::exchange(blobs_came_, false)) {
    to_examine_.merge(untracked_);
  }
}

// False: nothing had changed.
bool Publisher::save_ledger() {
  const std::lock_guard lock(mutex_);
  counters_.set(Metric::kOpenGaps, ledger_.open_gaps());
  counters_.set(Metric::kCurrentEdition, catalog_.current().value());
  counters_.set(Metric::kLostBlobs, catalog_.lost().size());
  if (!std::exchange(ledger_changed_, false)) {
    return false;
  }
  Result<void> saved = ledger_.save();
  if (saved) {
    saved = catalog_.lost().save();
  }
  if (!saved && !ledger_failed_) {
    events_.failure(Level::kError, "ledger.failed", saved.error());
  }
  ledger_failed_ = !saved;
  return true;
}

void Publisher::examine(const ShipmentRef& ref) {
  const std::lock_guard publishing(publishing_);
  Sha256Digest manifest;
  {
    const std::lock_guard lock(mutex_);
    const OpenShipment* const open = ledger_.find(ref);
    if (open == nullptr || open->state == ShipmentState::kRefused) {
      return;
    }
    manifest = open->manifest;
  }
  // Until the manifest is there its wait stands: also where the store could not say.
  const auto found = blobs_.find(manifest);
  if (!found) {
    failed(ref, found.error(), Metric::kManifestsBad);
    return;
  }
  if (!*found) {
    return;
  }
  const auto shipment = manifests_->read(ref.stream, ShipmentSequence(ref.sequence), manifest);
  {
    const std::lock_guard lock(mutex_);
    waits_.remove(manifest, ref);
  }
  if (!shipment) {
    failed(ref, shipment.error(), Metric::kManifestsBad);
    return;
  }
  if (collecting_) {
    const auto blobs = ShipmentCheck::blobs_of(shipment->shipment());
    examined_.insert(blobs.begin(), blobs.end());
    examined_.insert(manifest);
  }
  const Result<bool> whole = all_there(ref, shipment->shipment());
  if (!whole) {
    failed(ref, whole.error(), Metric::kManifestsBad);
  } else if (*whole) {
    if (const auto done = publish(ref, *shipment); !done) {
      failed(ref, done.error(), Metric::kRecordsRefused);
    }
  }
}

Result<bool> Publisher::all_there(const ShipmentRef& ref, const proto::Shipment& shipment) {
  SLUICE_TRY(const bool follows, await_after(ref, shipment));
  SLUICE_TRY(const bool whole, await_blobs(ref, shipment));
  if (whole && !follows) {
    const std::lock_guard lock(mutex_);
    OpenShipment& open = *ledger_.find(ref);
    open.state = ShipmentState::kWaitingForAfter;
  }
  return whole && follows;
}

// True if nothing before it is missing that can still come.
Result<bool> Publisher::await_after(const ShipmentRef& ref, const proto::Shipment& shipment) {
  const std::lock_guard lock(mutex_);
  OpenShipment& open = *ledger_.find(ref);
  open.waits_for.clear();
  for (const std::uint64_t before : shipment.after()) {
    if (before == 0 || before >= ref.sequence) {
      return Error{ErrorCode::kInvalid, "shipment " + id(ref),
                   "it waits for shipment " + std::to_string(before) + ", which is not before it",
                   ""};
    }
    if (!ledger_.is_published({ref.stream, before}) &&
        before >= ledger_.streams().at(ref.stream).oldest) {
      open.waits_for.push_back(before);
    }
  }
  return open.waits_for.empty();
}

// True if all blobs are held. The waits are entered before the store is asked, so that none that
// becomes durable meanwhile is missed.
Result<bool> Publisher::await_blobs(const ShipmentRef& ref, const proto::Shipment& shipment) {
  const std::vector<Sha256Digest> needed = ShipmentCheck::blobs_of(shipment);
  bool tracked = false;
  {
    const std::lock_guard lock(mutex_);
    tracked = waits_.size() + needed.size() <= settings_.waiting_blobs;
    if (tracked) {
      for (const Sha256Digest& blob : needed) {
        waits_.add(blob, ref);
      }
    }
    OpenShipment& open = *ledger_.find(ref);
    open.missing = needed.size();
    open.state = ShipmentState::kWaitingForBlobs;
  }
  const auto there = held(needed);
  {
    const std::lock_guard lock(mutex_);
    OpenShipment& open = *ledger_.find(ref);
    for (const Sha256Digest& blob : there ? *there : needed) {
      if (tracked ? waits_.remove(blob, ref) : there.has_value()) {
        --open.missing;
      }
    }
    if (there && open.missing == 0) {
      return true;
    }
    if (there && !tracked) {
      untracked_.insert(ref);
    }
  }
  if (!there) {
    return there.error();
  }
  for (const proto::Blob& blob : shipment.blobs()) {
    const auto digest = Sha256Digest::from_bytes(as_bytes(blob.sha256()));
    if (digest && !std::ranges::binary_search(*there, *digest)) {
      manifests_->expect(blob);
    }
  }
  return false;
}

Result<std::vector<Sha256Digest>> Publisher::held(const std::vector<Sha256Digest>& blobs) const {
  std::vector<Sha256Digest> there;
  for (const Sha256Digest& blob : blobs) {
    SLUICE_TRY(const auto found, blobs_.find(blob));
    if (found) {
      there.push_back(blob);
    }
  }
  return there;
}

Result<void> Publisher::publish(const ShipmentRef& ref, const VerifiedShipment& verified) {
  SLUICE_TRY(const auto records, check_.check(verified));
  const proto::Shipment& shipment = verified.shipment();
  const UtcTime now = clock_.utc_now();
  store::Batch along;
  Sha256Digest manifest;
  {
    const std::lock_guard lock(mutex_);
    manifest = ledger_.find(ref)->manifest;
    ledger_.put_published(ref, catalog_.current().next(), now, along);
  }
  SLUICE_TRY(const Edition edition, catalog_.publish({shipment, records, now}, std::move(along)));
  {
    const std::lock_guard lock(mutex_);
    ledger_.published(ref);
    release_dependents(ref);
    overfull_ = false;
  }
  counters_.add(Metric::kPublishedShipments);
  events_.emit(Level::kNotice, "shipment.published",
               {{"shipment", id(ref)},
                {"edition", std::to_string(edition.value())},
                {"source", shipment.source()},
                {"manifest", manifest.hex()},
                {"records", std::to_string(records.size())},
                {"blobs", std::to_string(shipment.blobs_size())}});
  return {};
}

void Publisher::release_dependents(const ShipmentRef& ref) {
  const auto& open = ledger_.streams().at(ref.stream).open;
  for (auto next = open.upper_bound(ref.sequence); next != open.end(); ++next) {
    const ShipmentRef later{ref.stream, next->first};
    OpenShipment& waiting = *ledger_.find(later);
    if (std::erase(waiting.waits_for, ref.sequence) > 0 && waiting.waits_for.empty() &&
        waiting.state == ShipmentState::kWaitingForAfter) {
      to_examine_.insert(later);
    }
  }
}

void Publisher::failed(const ShipmentRef& ref, const Error& error, Metric metric) {
  const std::lock_guard lock(mutex_);
  const bool first = ledger_.hinder(ref, error.message());
  if (worth_retrying(error)) {
    later_.insert(ref);
    if (first) {
      events_.failure(Level::kWarning, "shipment.delayed", error, {{"shipment", id(ref)}});
    }
    return;
  }
  ledger_.refuse(ref, error.message());
  ledger_changed_ = true;
  counters_.add(metric);
  events_.failure(Level::kError, "shipment.refused", error, {{"shipment", id(ref)}});
}

}  // namespace sluice::high
