#include "highside/assemble/assembler.h"

#include <chrono>
#include <utility>

#include "common/wire/manifest.h"
#include "highside/pipeline/retry.h"
#include "highside/pipeline/stage_timer.h"

namespace sluice::high {
namespace {

using observe::Level;
using observe::Metric;

// How often progress that waits is looked at when no block arrives.
constexpr std::chrono::seconds kTick{1};
// Manifests that were noticed and have not arrived: only to compute aliases early, so few suffice.
constexpr std::size_t kMaxNoticed = 10'000;
// What a queued item without a block counts for.
constexpr std::size_t kItemBytes = 256;

}  // namespace

Assembler::Assembler(AssemblerSettings settings, store::BlobStore& store,
                     store::KeyValueStore& index, FileSystem& files, const Clock& clock,
                     BlobSink& blobs, NoticeSink& notices, observe::Counters& counters,
                     observe::EventSink& events)
    : settings_(std::move(settings)),
      store_(store),
      files_(files),
      sink_(blobs),
      notices_(notices),
      counters_(counters),
      events_(events),
      progress_(files, index, settings_.staging.folder),
      keeper_(
          progress_, counters,
          {[this](const Sha256Digest& digest, std::uint64_t bytes, const Result<void>& saved) {
             staging_.saved(digest, bytes, saved);
           },
           [this](CompleteBlob& blob, const std::stop_token& stop) { return finish(blob, stop); }}),
      staging_(settings_.staging, files, progress_, keeper_, aliases_, clock, counters, events) {}

Assembler::~Assembler() { stop(); }

Result<void> Assembler::open() {
  return staging_.recover([this](const Sha256Digest& digest) {
    const auto found = store_.find(digest);
    return found && found->has_value();
  });
}

Result<void> Assembler::start() {
  SLUICE_ASSERT(!thread_.joinable());
  SLUICE_TRY_VOID(open());
  keeper_.start();
  thread_ = std::thread([this] { run(); });
  return {};
}

void Assembler::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  room_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
    staging_.save_all();
  }
  keeper_.stop();
}

void Assembler::block(RecoveredBlock block) { enqueue(std::move(block)); }
void Assembler::lost(const LostBlocks& lost) { enqueue(lost); }
void Assembler::heartbeat(const std::string& stream, const wire::Heartbeat& heartbeat,
                          UtcTime arrived) {
  enqueue(HeartbeatItem{stream, heartbeat, arrived});
}

namespace {

std::size_t weight(const RecoveredBlock& block) { return kItemBytes + block.bytes.size(); }
std::size_t weight(const auto& /*other*/) { return kItemBytes; }

}  // namespace

void Assembler::enqueue(Item item) {
  const std::size_t bytes = std::visit([](const auto& value) { return weight(value); }, item);
  std::unique_lock lock(mutex_);
  room_.wait(lock, [&] {
    return stopping_ || queue_.empty() || queued_bytes_ + bytes <= settings_.queue_bytes;
  });
  if (stopping_) {
    return;
  }
  queued_bytes_ += bytes;
  queue_.push_back(std::move(item));
  work_.notify_one();
}

void Assembler::run() {
  run_on(settings_.processors, 0);
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      work_.wait_for(lock, kTick, [&] { return stopping_ || !queue_.empty() || !done_.empty(); });
      if (stopping_ && queue_.empty()) {
        return;
      }
    }
    step();
  }
}

bool Assembler::step() {
  std::vector<Done> done;
  std::optional<Item> item;
  {
    const std::lock_guard lock(mutex_);
    done.swap(done_);
    if (!queue_.empty()) {
      item = std::move(queue_.front());
      queue_.pop_front();
    }
  }
  const StageTimer timer(counters_, Metric::kAssembleNanos);
  settle(done);
  if (item) {
    std::visit([this](const auto& value) { process(value); }, *item);
    const std::lock_guard lock(mutex_);
    queued_bytes_ -= std::visit([](const auto& value) { return weight(value); }, *item);
    keep_memory(std::move(*item));
    room_.notify_all();
  }
  staging_.save_due();
  return item || !done.empty();
}

// The receiver asks for it about as often as some becomes free, so that the queue and what is kept
// take turns with the same memory.
void Assembler::keep_memory(Item item) {
  auto* const block = std::get_if<RecoveredBlock>(&item);
  if (block != nullptr &&
      queued_bytes_ + spare_bytes_ + block->bytes.size() <= settings_.queue_bytes) {
    spare_bytes_ += block->bytes.size();
    spare_.push_back(std::move(block->bytes));
  }
}

Bytes Assembler::spare_block() {
  const std::lock_guard lock(mutex_);
  if (spare_.empty()) {
    return {};
  }
  Bytes memory = std::move(spare_.back());
  spare_.pop_back();
  spare_bytes_ -= memory.size();
  return memory;
}

void Assembler::settle(const std::vector<Done>& done) {
  for (const auto& [blob, drop] : done) {
    small_in_commit_.erase(blob);
    aliases_.forget(blob);
    noticed_.erase(blob);
    staging_.forget(blob, drop);
  }
}

void Assembler::process(const RecoveredBlock& block) {
  const auto key = settings_.streams.find(block.stream);
  const auto read = key != settings_.streams.end()
                        ? wire::read_block(block.bytes, block.place, key->second)
                        : Result<wire::Block>(Error{ErrorCode::kNotFound, "stream " + block.stream,
                                                    "no key is configured for it",
                                                    "add the stream and its sender's key"});
  if (!read) {
    counters_.add(Metric::kBadBlocks);
    events_.failure(Level::kWarning, "block.bad", read.error(),
                    {{"stream", block.stream},
                     {"lane", std::to_string(block.place.lane.value())},
                     {"block", std::to_string(block.place.number.value())}});
    return;
  }
  counters_.add(Metric::kUnknownFrames, read->unknown_frames);
  for (const wire::ShipmentNotice& notice : read->notices) {
    take_notice(block.stream, notice);
  }
  held_.clear();
  for (const wire::BlobPart& part : read->parts) {
    switch (take_part(part)) {
      case Staging::Taken::kTaken:
        counters_.add(Metric::kPartsTaken);
        break;
      case Staging::Taken::kNotNeeded:
        counters_.add(Metric::kPartsNotNeeded);
        break;
      case Staging::Taken::kRefused:
        counters_.add(Metric::kPartsRefused);
        break;
    }
  }
}

// What was in them is not known; what is missing of a shipment shows in the ledger.
void Assembler::process(const LostBlocks& lost) {
  events_.emit(Level::kWarning, "blocks.lost",
               {{"stream", lost.stream},
                {"lane", std::to_string(lost.first.lane.value())},
                {"first", std::to_string(lost.first.number.value())},
                {"count", std::to_string(lost.count)}});
}

void Assembler::process(const HeartbeatItem& item) {
  notices_.heartbeat(item.stream, item.heartbeat, item.arrived);
}

void Assembler::take_notice(const std::string& stream, const wire::ShipmentNotice& notice) {
  if (noticed_.size() < kMaxNoticed) {
    noticed_.emplace(notice.manifest, stream);
  }
  notices_.announced(stream, notice);
}

Staging::Taken Assembler::take_part(const wire::BlobPart& part) {
  if (held_.contains(part.blob) || small_in_commit_.contains(part.blob)) {
    return Staging::Taken::kNotNeeded;
  }
  if (part.blob_bytes > limits::kMaxBlobBytes || part.offset > part.blob_bytes ||
      part.length > part.blob_bytes - part.offset) {
    return Staging::Taken::kRefused;
  }
  const bool begun = staging_.knows(part.blob);
  if (!begun) {
    const auto found = store_.find(part.blob);
    if (!found) {
      events_.failure(Level::kError, "store.failed", found.error());
      return Staging::Taken::kRefused;
    }
    if (found->has_value()) {
      held_.insert(part.blob);
      noticed_.erase(part.blob);
      return Staging::Taken::kNotNeeded;
    }
  }
  const Result<ByteView> bytes = wire::decode_part(part, scratch_);
  if (!bytes) {
    bad_blob(part.blob, bytes.error());
    return Staging::Taken::kRefused;
  }
  if (!begun && part.length == part.blob_bytes && part.length <= limits::kInlineBlobBytes) {
    return take_small(part, *bytes);
  }
  return staging_.take(part.blob, part.blob_bytes, part.offset, *bytes);
}

Staging::Taken Assembler::take_small(const wire::BlobPart& part, ByteView bytes) {
  MultiHasher hasher(aliases_.of(part.blob), part.blob_bytes);
  hasher.update(bytes);
  std::vector<Digest> digests = hasher.finish();
  if (digests.front() != Digest(part.blob)) {
    bad_blob(part.blob, {ErrorCode::kIntegrity, "blob " + part.blob.hex(),
                         "its bytes have the digest " + digests.front().to_string(), ""});
    return Staging::Taken::kRefused;
  }
  digests.erase(digests.begin());
  VerifiedBlob blob(
      {}, {{part.blob, part.blob_bytes, std::move(digests)}, Bytes(bytes.begin(), bytes.end())});
  small_in_commit_.insert(part.blob);
  if (!sink_.accept(std::move(blob), {})) {
    small_in_commit_.erase(part.blob);
    return Staging::Taken::kRefused;
  }
  counters_.add(Metric::kBlobsVerified);
  look_into_manifest(part.blob, bytes);
  return Staging::Taken::kTaken;
}

// A small shipment's manifest comes in the same block as its blobs: read at once, it says which
// digests to compute of them. A larger one is read by the publisher in time.
void Assembler::look_into_manifest(const Sha256Digest& digest, ByteView bytes) {
  const auto noticed = noticed_.find(digest);
  if (noticed == noticed_.end()) {
    return;
  }
  const auto key = settings_.streams.find(noticed->second);
  noticed_.erase(noticed);
  const auto shipment = wire::read_manifest(bytes, key->second);
  if (!shipment) {
    return;  // the publisher refuses it, with its event
  }
  for (const proto::Blob& blob : shipment->blobs()) {
    expect(blob);
  }
}

void Assembler::bad_blob(const Sha256Digest& digest, const Error& error) {
  counters_.add(Metric::kBlobsBad);
  events_.failure(Level::kError, "blob.bad", error, {{"blob", digest.hex()}});
}

Step Assembler::finish(CompleteBlob& blob, const std::stop_token& stop) {
  const Sha256Digest digest = blob.progress.digest;
  if (!blob.verified) {
    Result<store::NewBlob> hashed = hash(blob, stop);
    if (!hashed && hashed.error().code == ErrorCode::kCancelled) {
      return Step::kIdle;
    }
    if (!hashed) {
      bad_blob(digest, hashed.error());
      report({digest, true});
      return Step::kWorked;
    }
    blob.verified.emplace(PassKey<Assembler>(), std::move(*hashed));
  }
  store::Batch along;
  along.remove(store::Family::kParts, ProgressStore::key(digest));
  if (!sink_.accept(std::move(*blob.verified), std::move(along))) {
    return Step::kStalled;
  }
  counters_.add(Metric::kBlobsVerified);
  return Step::kWorked;
}

Result<store::NewBlob> Assembler::hash(CompleteBlob& blob, const std::stop_token& stop) {
  const Progress& progress = blob.progress;
  const std::vector<DigestAlgorithm> aliases = aliases_.of(progress.digest);
  if (blob.file == nullptr) {
    SLUICE_TRY(blob.file, PartFile::open(files_, progress_.path(progress.digest), progress.size,
                                         progress.received, aliases));
  }
  SLUICE_TRY(std::vector<Digest> digests, blob.file->finish(aliases, stop));
  if (digests.front() != Digest(progress.digest)) {
    return Error{ErrorCode::kIntegrity, "blob " + progress.digest.hex(),
                 "its bytes have the digest " + digests.front().to_string(),
                 "it is dropped and comes with a later pass"};
  }
  digests.erase(digests.begin());
  store::BlobInfo info{progress.digest, progress.size, std::move(digests)};
  if (progress.size <= limits::kInlineBlobBytes) {
    SLUICE_TRY(Bytes bytes, blob.file->contents());
    return store::NewBlob{std::move(info), std::move(bytes)};
  }
  const StagingPath path(blob.file->path());
  blob.file.reset();
  return store::NewBlob{std::move(info), path};
}

void Assembler::report(Done done) {
  const std::lock_guard lock(mutex_);
  done_.push_back(done);
  work_.notify_one();
}

void Assembler::durable(const std::vector<Sha256Digest>& blobs) {
  const std::lock_guard lock(mutex_);
  for (const Sha256Digest& blob : blobs) {
    done_.push_back({blob, false});
  }
  work_.notify_one();
}

void Assembler::given_up(const Sha256Digest& blob) { report({blob, true}); }

Result<VerifiedShipment> Assembler::read(const std::string& stream, ShipmentSequence sequence,
                                         const Sha256Digest& manifest) {
  const std::string thing = "manifest of " + observe::shipment_id(stream, sequence);
  const auto key = settings_.streams.find(stream);
  if (key == settings_.streams.end()) {
    return Error{ErrorCode::kUnavailable, thing, "no key is configured for this stream",
                 "add the stream and its sender's key"};
  }
  SLUICE_TRY(const auto blob, store_.open(manifest));
  if (blob->size() > limits::kMaxManifestBytes) {
    return Error{ErrorCode::kInvalid, thing, "it is larger than a manifest may be", ""};
  }
  Bytes bytes(blob->size());
  SLUICE_TRY_VOID(blob->read_at(0, bytes));
  SLUICE_TRY(proto::Shipment shipment, wire::read_manifest(bytes, key->second));
  if (shipment.stream() != stream || shipment.sequence() != sequence.value()) {
    return Error{ErrorCode::kInvalid, thing,
                 "it is signed for " +
                     observe::shipment_id(shipment.stream(), ShipmentSequence(shipment.sequence())),
                 ""};
  }
  return VerifiedShipment({}, std::move(shipment), manifest);
}

// Those that are held need nothing any more.
void Assembler::expect(const proto::Blob& blob) {
  const auto digest = Sha256Digest::from_bytes(as_bytes(blob.sha256()));
  if (blob.aliases().empty() || !digest) {
    return;
  }
  const auto found = store_.find(*digest);
  if (!found || !found->has_value()) {
    aliases_.add(blob);
  }
}

std::uint64_t Assembler::bytes_held(const Sha256Digest& blob) const {
  return staging_.bytes_held(blob);
}

AssemblyStatus Assembler::status() const {
  AssemblyStatus status;
  staging_.add_to(status);
  const std::lock_guard lock(mutex_);
  status.queued_bytes = queued_bytes_;
  return status;
}

}  // namespace sluice::high
