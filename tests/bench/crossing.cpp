#include "tests/bench/crossing.h"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <set>

#include "common/base/hasher.h"
#include "common/link/receive/udp_source.h"
#include "common/link/send/udp_sink.h"
#include "common/store/disk_blob_store.h"
#include "common/store/rocks_store.h"
#include "common/wire/manifest.h"
#include "highside/assemble/assembler.h"
#include "highside/commit/committer.h"
#include "highside/receive/receiver.h"
#include "lowside/transmit/transmitter.h"
#include "tests/support/events.h"
#include "tests/support/link_rig.h"
#include "tests/support/memory_blobs.h"

namespace sluice::bench {
namespace {

using observe::Metric;

// Longer without progress, and what is missing will not come.
constexpr std::chrono::seconds kPatience{5};

// Counts what has arrived, and wakes whoever waits for all of it.
class Progress {
 public:
  void add(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    bytes_ += bytes;
    changed_.notify_all();
  }
  // False when nothing more came.
  bool wait_for(std::uint64_t bytes) {
    std::unique_lock lock(mutex_);
    while (bytes_ < bytes) {
      const std::uint64_t before = bytes_;
      if (!changed_.wait_for(lock, kPatience, [&] { return bytes_ != before; })) {
        return false;
      }
    }
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t bytes_ = 0;
};

// Where blocks end.
class End {
 public:
  virtual ~End() = default;
  virtual high::BlockConsumer& consumer() = 0;
};

class SignatureEnd final : public End, public high::BlockConsumer {
 public:
  SignatureEnd(crypto::VerifyKey key, Progress& progress) : key_(key), progress_(progress) {}
  high::BlockConsumer& consumer() override { return *this; }

  void block(high::RecoveredBlock block) override {
    const auto read = wire::read_block(block.bytes, block.place, key_);
    std::uint64_t bytes = 0;
    for (const wire::BlobPart& part : read.value().parts) {
      bytes += part.length;
    }
    progress_.add(bytes);
  }
  void lost(const high::LostBlocks& /*lost*/) override {}
  void heartbeat(const std::string& /*stream*/, const wire::Heartbeat& /*heartbeat*/,
                 UtcTime /*arrived*/) override {}

 private:
  crypto::VerifyKey key_;
  Progress& progress_;
};

class StoreEnd final : public End, public high::DurableListener, public high::NoticeSink {
 public:
  StoreEnd(const std::filesystem::path& folder, crypto::VerifyKey key,
           std::map<Sha256Digest, std::uint64_t> sizes, Progress& progress, const Clock& clock,
           observe::Counters& counters, observe::EventSink& events)
      : sizes_(std::move(sizes)), progress_(progress) {
    store::RocksSettings rocks;
    rocks.folder = folder / "index";
    index_ = store::open_rocks_store(rocks).value();
    store_ = store::DiskBlobStore::open(*index_, files_, folder / "blobs").value();
    committer_ = std::make_unique<high::Committer>(*store_, *index_, counters, events);
    high::AssemblerSettings settings;
    settings.streams.emplace(test::LinkRig::kStream, key);
    settings.staging.folder = folder / "parts";
    std::filesystem::create_directories(settings.staging.folder);
    assembler_ = std::make_unique<high::Assembler>(std::move(settings), *store_, *index_, files_,
                                                   clock, *committer_, *this, counters, events);
    committer_->listen(*assembler_);
    committer_->listen(*this);
    committer_->start();
    assembler_->start().value();
  }
  ~StoreEnd() override {
    assembler_->stop();
    committer_->stop();
  }
  high::BlockConsumer& consumer() override { return *assembler_; }

  void durable(const std::vector<Sha256Digest>& blobs) override {
    for (const Sha256Digest& blob : blobs) {
      progress_.add(sizes_.at(blob));
    }
  }
  void given_up(const Sha256Digest& /*blob*/) override {}
  void announced(const std::string& /*stream*/, const wire::ShipmentNotice& /*notice*/) override {}
  void heartbeat(const std::string& /*stream*/, const wire::Heartbeat& /*heartbeat*/,
                 UtcTime /*arrived*/) override {}

 private:
  std::map<Sha256Digest, std::uint64_t> sizes_;
  Progress& progress_;
  FileSystem& files_ = posix_file_system();
  std::unique_ptr<store::KeyValueStore> index_;
  std::unique_ptr<store::DiskBlobStore> store_;
  std::unique_ptr<high::Committer> committer_;
  std::unique_ptr<high::Assembler> assembler_;
};

// Made once: random bytes cost more than sending them.
struct Cargo {
  explicit Cargo(const CrossingSettings& settings) {
    std::mt19937_64 random(1);
    pass = test::make_pass(blobs, random, 1,
                           std::vector<std::size_t>(settings.blobs, settings.blob_bytes));
    proto::Shipment shipment;
    shipment.set_stream(test::LinkRig::kStream);
    shipment.set_sequence(1);
    for (const low::OutgoingBlob& blob : pass.blobs) {
      proto::Blob& listed = *shipment.add_blobs();
      listed.set_sha256(blob.digest.bytes().data(), blob.digest.bytes().size());
      listed.set_size(blob.size);
      sizes[blob.digest] = blob.size;
      bytes += blob.size;
    }
    pass.manifest = wire::sign_manifest(shipment, signing);
    sizes[sha256(pass.manifest)] = pass.manifest.size();
  }

  crypto::SigningKey signing = crypto::SigningKey::generate();
  crypto::OpeningKey opening = crypto::OpeningKey::generate();
  test::MemoryBlobs blobs;
  low::OutgoingPass pass;
  std::map<Sha256Digest, std::uint64_t> sizes;
  std::uint64_t bytes = 0;  // of blobs, without the manifest
};

Cargo& cargo(const CrossingSettings& settings) {
  static Cargo made(settings);
  return made;
}

std::vector<Stage> stages(const observe::Counters& low, const observe::Counters& high,
                          std::uint64_t bytes) {
  const auto per_byte = [bytes](const observe::Counters& counters, Metric metric) {
    return static_cast<double>(counters.get(metric)) / static_cast<double>(bytes);
  };
  return {{"low: read, sign", per_byte(low, Metric::kSendBuildNanos)},
          {"low: encode", per_byte(low, Metric::kSendEncodeNanos)},
          {"low: seal", per_byte(low, Metric::kSendSealNanos)},
          {"low: send", per_byte(low, Metric::kSendSendNanos)},
          {"high: take", per_byte(high, Metric::kReceiveTakeNanos)},
          {"high: open", per_byte(high, Metric::kReceiveOpenNanos)},
          {"high: recover", per_byte(high, Metric::kReceiveRecoverNanos)},
          {"high: assemble", per_byte(high, Metric::kAssembleNanos)},
          {"high: commit", per_byte(high, Metric::kCommitNanos)}};
}

}  // namespace

Crossing run_crossing(const CrossingSettings& settings, double gigabits) {
  Cargo& load = cargo(settings);
  const SystemClock clock;
  test::RecordedEvents events;
  observe::Counters low_counters;
  observe::Counters high_counters;
  Progress progress;
  test::MemoryEpochs epochs;
  const std::vector<high::TrustedStream> streams{
      {.name = test::LinkRig::kStream, .key = load.signing.verify_key()}};
  std::unique_ptr<End> end;
  if (settings.store.empty()) {
    end = std::make_unique<SignatureEnd>(load.signing.verify_key(), progress);
  } else {
    std::filesystem::remove_all(settings.store / "bench");
    std::filesystem::create_directories(settings.store / "bench");
    end = std::make_unique<StoreEnd>(settings.store / "bench", load.signing.verify_key(),
                                     load.sizes, progress, clock, high_counters, events);
  }

  auto source = link::UdpSource::open({.address = "127.0.0.1"}).value();
  const auto sink =
      link::UdpSink::open({.address = "127.0.0.1", .port = source->local_address().port()}).value();
  std::vector<std::unique_ptr<link::DatagramSource>> sources;
  sources.push_back(std::move(source));
  high::Receiver receiver({}, std::move(sources),
                          {.streams = streams,
                           .key = load.opening,
                           .epochs = epochs,
                           .consumer = end->consumer(),
                           .clock = clock,
                           .counters = high_counters,
                           .events = events});
  test::MemoryOutbox outbox;
  const auto transmitter =
      low::Transmitter::start({.stream = test::LinkRig::kStream,
                               .epoch = Epoch(1),
                               .mtu = settings.mtu,
                               .rate_bits_per_second = static_cast<std::uint64_t>(gigabits * 1e9)},
                              {.outbox = outbox,
                               .blobs = load.blobs,
                               .lanes = {sink.get()},
                               .key = load.signing,
                               .receivers = {load.opening.sealing_key()},
                               .clock = clock,
                               .counters = low_counters,
                               .events = events})
          .value();
  // The session's first announces are not the link's speed.
  while (high_counters.get(Metric::kHeartbeats) < low::LaneSender::kLeadAnnounces) {
    std::this_thread::yield();
  }
  const SteadyTime start = clock.steady_now();
  outbox.put(load.pass);
  transmitter->wake();

  Crossing outcome{.configured_gigabits = gigabits, .stages = {}};
  outcome.complete = progress.wait_for(load.bytes + load.pass.manifest.size());
  outcome.seconds = std::chrono::duration<double>(clock.steady_now() - start).count();
  outcome.goodput_gigabits = static_cast<double>(load.bytes) * 8e-9 / outcome.seconds;
  outcome.lost_blocks = high_counters.get(Metric::kLostBlocks);
  for (const high::LinkSourceStatus& from : receiver.status().sources) {
    outcome.kernel_drops += from.taken.kernel_drops;
  }
  outcome.stages = stages(low_counters, high_counters, load.bytes);
  return outcome;
}

Crossing best_crossing(const CrossingSettings& settings) {
  Crossing best;
  for (double rate = 1; rate < 100; rate *= 1.25) {
    const Crossing outcome = run_crossing(settings, rate);
    if (!outcome.complete || outcome.lost_blocks > 0) {
      break;
    }
    const bool limit = outcome.goodput_gigabits <= best.goodput_gigabits * 1.05;
    if (outcome.goodput_gigabits > best.goodput_gigabits) {
      best = outcome;
    }
    if (limit) {
      break;
    }
  }
  return best;
}

}  // namespace sluice::bench
