#include "highside/catalog/collector.h"

#include <algorithm>

#include "common/base/clock_watch.h"
#include "common/base/limits.h"
#include "sluice/shipment.pb.h"
#include "sluice/wire.pb.h"

namespace sluice::high {
namespace {

using observe::Level;
using observe::Metric;
using store::Family;

constexpr std::string_view kStrayPrefix = "stray/";
// Of one walk over the index, which keeps a view of it open meanwhile.
constexpr std::size_t kPieceBlobs = 1000;
// Removed while nothing is published: each costs two syncs.
constexpr std::size_t kRemoveTogether = 64;
// How often the clock is looked at, to see whether it steps.
constexpr std::chrono::minutes kLookEvery{5};

std::string stray_key(const Sha256Digest& digest) {
  return std::string(kStrayPrefix).append(as_text(digest.bytes()));
}

Error stopping() {
  return {ErrorCode::kCancelled, "gc", "the daemon is stopping", "the next run goes on"};
}

}  // namespace

// When each blob that no known shipment brings was seen first. On disk: kMeta "stray/" and the
// SHA-256, a time of 8 bytes in microseconds.
struct Collector::Strays {
  std::map<Sha256Digest, std::uint64_t> before;  // what the runs before noted, and is not seen yet
  store::Batch changes;

  Result<void> load(const store::KeyValueStore& index) {
    return index.scan(
        Family::kMeta, kStrayPrefix, "", [&](std::string_view key, std::string_view value) {
          const auto digest = Sha256Digest::from_bytes(as_bytes(key.substr(kStrayPrefix.size())));
          if (digest) {  // what does not read is noted anew
            before[*digest] = store::read_u64(value).value_or(UINT64_MAX);
          }
          return true;
        });
  }
  // Whether it has been one for so long.
  bool is_old(const Sha256Digest& digest, std::uint64_t now, std::uint64_t keep_for) {
    const auto noted = before.find(digest);
    if (noted == before.end() || noted->second > now) {  // also: the clock went back
      std::string value;
      store::append_u64(value, now);
      changes.put(Family::kMeta, stray_key(digest), std::move(value));
      before.erase(digest);
      return false;
    }
    if (now - noted->second >= keep_for) {
      return true;  // its note goes with the rest of `before`
    }
    before.erase(noted);
    return false;
  }
  // At the end: those that are left are strays no more.
  Result<void> save(store::KeyValueStore& index) {
    for (const auto& [digest, since] : before) {
      changes.remove(Family::kMeta, stray_key(digest));
    }
    return changes.empty() ? Result<void>() : index.write(changes, store::Durability::kUnsynced);
  }
};

Collector::Collector(Catalog& catalog, Publisher& publisher, store::KeyValueStore& index,
                     store::BlobStore& blobs, const Clock& clock, observe::Counters& counters,
                     observe::EventSink& events, CollectorSettings settings)
    : catalog_(catalog),
      publisher_(publisher),
      index_(index),
      blobs_(blobs),
      clock_(clock),
      counters_(counters),
      events_(events),
      settings_(std::move(settings)) {}

void Collector::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { wait_and_run(stop); });
}

void Collector::stop() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
}

bool Collector::ask(bool dry_run) {
  const std::lock_guard lock(mutex_);
  if (progress_.running) {
    return false;
  }
  progress_ = {};
  progress_.running = true;  // from now on, so that whoever asked sees it
  progress_.dry_run = dry_run;
  request_ = dry_run;
  asked_.notify_all();
  return true;
}

CollectorProgress Collector::progress() const {
  const std::lock_guard lock(mutex_);
  return progress_;
}

void Collector::wait_and_run(const std::stop_token& stop) {
  ClockWatch watch(clock_);
  SteadyTime due = clock_.steady_now();
  while (!stop.stop_requested()) {
    std::optional<bool> asked;
    {
      std::unique_lock lock(mutex_);
      asked_.wait_for(lock, stop, pause(), [&] { return request_.has_value(); });
      asked = std::exchange(request_, std::nullopt);
    }
    if (stop.stop_requested()) {
      return;
    }
    // What is old is told by the clock of the day: whoever asks answers for it.
    static_cast<void>(watch.look());
    if (asked) {
      run(*asked, stop);
    } else if (settings_.every.count() > 0 && watch.settled() && clock_.steady_now() >= due) {
      run(false, stop);
      due = clock_.steady_now() + settings_.every;
    }
  }
}

// Between two looks at the clock.
std::chrono::microseconds Collector::pause() const {
  return settings_.every.count() > 0
             ? std::min<std::chrono::microseconds>(kLookEvery, settings_.every)
             : kLookEvery;
}

CollectorProgress Collector::run(bool dry_run, const std::stop_token& stop) {
  {
    const std::lock_guard lock(mutex_);
    progress_ = {};
    progress_.running = true;
    progress_.dry_run = dry_run;
    progress_.started = clock_.utc_now();
  }
  const Result<void> collected = collect(dry_run, stop);
  publisher_.end_collecting();
  CollectorProgress done;
  {
    const std::lock_guard lock(mutex_);
    progress_.running = request_.has_value();  // whoever asked meanwhile has a run to come
    progress_.failure = collected ? "" : collected.error().message();
    progress_.finished = clock_.utc_now();
    done = progress_;
  }
  tell(done);
  return done;
}

void Collector::tell(const CollectorProgress& done) {
  counters_.set(Metric::kSnapshots, catalog_.editions().size());
  counters_.set(Metric::kOldestEdition, catalog_.editions().oldest().value());
  const bool nothing = done.retired == 0 && done.states == 0 && done.blobs == 0;
  if (done.dry_run || (done.failure.empty() && nothing)) {
    return;
  }
  events_.emit(done.failure.empty() ? Level::kNotice : Level::kError,
               done.failure.empty() ? "gc.finished" : "gc.failed",
               {{"oldest_edition", std::to_string(done.oldest)},
                {"retired", std::to_string(done.retired)},
                {"states", std::to_string(done.states)},
                {"blobs", std::to_string(done.blobs)},
                {"bytes", std::to_string(done.bytes)},
                {"cause", done.failure}});
}

Result<void> Collector::collect(bool dry_run, const std::stop_token& stop) {
  if (retention_ != nullptr) {
    SLUICE_TRY(const std::uint64_t retired, retention_->run(dry_run, stop));
    const std::lock_guard lock(mutex_);
    progress_.retired = retired;
  }
  SLUICE_TRY(const auto shipments, publisher_.begin_collecting());
  const Edition oldest = oldest_to_keep(shipments);
  const UtcTime now = clock_.utc_now();
  KeptEditions kept = catalog_.editions().without_old(oldest, now);
  if (!dry_run) {
    SLUICE_TRY(kept, catalog_.editions().retire(oldest, now));
  }
  {
    const std::lock_guard lock(mutex_);
    progress_.oldest = kept.oldest;
    progress_.snapshots = kept.named.size();
  }
  Needs needs;
  SLUICE_TRY(const Catalog::Swept swept,
             catalog_.sweep(kept, !dry_run, [&](const proto::StoredDocument& document) {
               for (const std::string& bytes : document.blobs()) {
                 if (const auto digest = Sha256Digest::from_bytes(as_bytes(bytes))) {
                   needs.needed.insert(*digest);
                 }
               }
             }));
  {
    const std::lock_guard lock(mutex_);
    progress_.states = swept.dropped;
  }
  if (!dry_run) {
    counters_.add(Metric::kCollectedDocuments, swept.dropped);
  }
  SLUICE_TRY_VOID(add_shipments(shipments, needs));
  SLUICE_TRY_VOID(remove_garbage(needs, dry_run, stop));
  return dry_run ? Result<void>() : forget_lost(needs);
}

// The edition that was the current one at the beginning of what is kept.
Edition Collector::oldest_to_keep(const std::vector<LedgerEntry>& shipments) const {
  const UtcTime since = clock_.utc_now() - settings_.keep_editions_for;
  Edition oldest;
  for (const LedgerEntry& shipment : shipments) {
    if (shipment.published && shipment.published_at <= since) {
      oldest = std::max(oldest, shipment.edition);
    }
  }
  return oldest;
}

// A sender leaves out of a shipment what one that it still holds carries, and repeats all that it
// holds.
bool Collector::held_by_sender(const LedgerEntry& published) const {
  return settings_.streams.contains(published.ref.stream) &&
         published.ref.sequence >= publisher_.oldest_held_by_sender(published.ref.stream);
}

Result<void> Collector::add_shipments(const std::vector<LedgerEntry>& shipments,
                                      Needs& needs) const {
  std::vector<std::pair<Sha256Digest, std::vector<Sha256Digest>>> past;
  for (const LedgerEntry& shipment : shipments) {
    if (!shipment.published) {
      SLUICE_TRY(const auto blobs, publisher_.needed_by(shipment));
      needs.needed.insert(blobs.begin(), blobs.end());
    } else if (held_by_sender(shipment)) {
      SLUICE_TRY(const auto blobs, carried_by(shipment));
      needs.needed.insert(blobs.begin(), blobs.end());
      needs.needed.insert(shipment.manifest);
    }
  }
  // The manifest of an older one says what brings back a blob that is found damaged.
  for (const LedgerEntry& shipment : shipments) {
    if (!shipment.published || needs.needed.contains(shipment.manifest)) {
      continue;
    }
    const auto blobs = carried_by(shipment);
    if (!blobs) {
      if (blobs.error().code == ErrorCode::kIo || blobs.error().code == ErrorCode::kExhausted) {
        return blobs.error();
      }
      continue;  // an earlier run removed it, or it is damaged: nothing depends on it
    }
    bool brings = false;
    for (const Sha256Digest& blob : *blobs) {
      const bool needed = needs.needed.contains(blob);
      brings = brings || needed;
      if (!needed) {
        needs.known_garbage.insert(blob);
      }
    }
    (brings ? needs.needed : needs.manifests).insert(shipment.manifest);
  }
  return {};
}

// Its signature was checked when it was published, by a key that may have been replaced since.
Result<std::vector<Sha256Digest>> Collector::carried_by(const LedgerEntry& published) const {
  const std::string thing =
      "manifest of " +
      observe::shipment_id(published.ref.stream, ShipmentSequence(published.ref.sequence));
  auto blob = blobs_.open(published.manifest);
  if (!blob) {
    return Error{blob.error().code, thing, blob.error().cause,
                 "sluice-high gaps says what brings it back; until then no blobs are removed"};
  }
  Bytes bytes(std::min<std::uint64_t>((*blob)->size(), limits::kMaxManifestBytes));
  SLUICE_TRY_VOID((*blob)->read_at(0, bytes));
  proto::SignedEnvelope envelope;
  proto::Shipment shipment;
  if (!envelope.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      !shipment.ParseFromString(envelope.payload())) {
    return Error{ErrorCode::kIntegrity, thing, "it does not read",
                 "run sluice-high scrub; until it is back no blobs are removed"};
  }
  std::vector<Sha256Digest> carried;
  for (const proto::Blob& one : shipment.blobs()) {
    if (const auto digest = Sha256Digest::from_bytes(as_bytes(one.sha256()))) {
      carried.push_back(*digest);
    }
  }
  return carried;
}

Result<void> Collector::remove_garbage(const Needs& needs, bool dry_run,
                                       const std::stop_token& stop) {
  const auto now = static_cast<std::uint64_t>(to_unix_micros(clock_.utc_now()));
  const auto keep_for = static_cast<std::uint64_t>(settings_.keep_strays_for.count());
  Strays strays;
  SLUICE_TRY_VOID(strays.load(index_));
  Sha256Digest from;
  for (bool more = true; more;) {
    std::vector<store::BlobInfo> garbage;
    std::size_t seen = 0;
    std::uint64_t waiting = 0;
    more = false;
    SLUICE_TRY_VOID(blobs_.for_each(from, [&](const store::BlobInfo& blob) {
      if (seen == kPieceBlobs) {
        from = blob.digest;
        more = true;
        return false;
      }
      ++seen;
      if (needs.needed.contains(blob.digest) || needs.manifests.contains(blob.digest)) {
        return true;
      }
      if (needs.known_garbage.contains(blob.digest) || strays.is_old(blob.digest, now, keep_for)) {
        garbage.push_back(blob);
      } else {
        ++waiting;
      }
      return true;
    }));
    {
      const std::lock_guard lock(mutex_);
      progress_.strays += waiting;
    }
    SLUICE_TRY_VOID(remove_piece(garbage, dry_run));
    if (stop.stop_requested()) {
      return stopping();
    }
  }
  std::vector<store::BlobInfo> manifests;
  for (const Sha256Digest& digest : needs.manifests) {
    SLUICE_TRY(const auto blob, blobs_.find(digest));
    if (blob) {
      manifests.push_back(*blob);
    }
  }
  SLUICE_TRY_VOID(remove_piece(manifests, dry_run));
  return dry_run ? Result<void>() : strays.save(index_);
}

Result<void> Collector::remove_piece(const std::vector<store::BlobInfo>& garbage, bool dry_run) {
  for (std::size_t first = 0; first < garbage.size(); first += kRemoveTogether) {
    const std::size_t count = std::min(kRemoveTogether, garbage.size() - first);
    std::map<Sha256Digest, std::uint64_t> sizes;
    std::vector<Sha256Digest> removed;
    for (std::size_t i = first; i < first + count; ++i) {
      sizes[garbage[i].digest] = garbage[i].size;
      removed.push_back(garbage[i].digest);
    }
    if (!dry_run) {
      SLUICE_TRY(removed, publisher_.remove_unneeded(removed));
    }
    std::uint64_t bytes = 0;
    for (const Sha256Digest& digest : removed) {
      bytes += sizes[digest];
    }
    if (!dry_run) {
      counters_.add(Metric::kCollectedBlobs, removed.size());
      counters_.add(Metric::kCollectedBytes, bytes);
    }
    const std::lock_guard lock(mutex_);
    progress_.blobs += removed.size();
    progress_.bytes += bytes;
  }
  return {};
}

// What was damaged and is not needed any more is missed by nobody.
Result<void> Collector::forget_lost(const Needs& needs) {
  for (const LostBlob& blob : catalog_.lost().all()) {
    if (!needs.needed.contains(blob.digest)) {
      catalog_.lost().found(blob.digest);
    }
  }
  return catalog_.lost().save();
}

}  // namespace sluice::high
