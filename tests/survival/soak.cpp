// Pushes gigabytes through the real stages in one process and watches its memory: soak GIGABYTES
//
//   generated blobs ─> Transmission ─> a link that loses 1 % ─> LinkReader ─> signature, SHA-256
//
// Nothing is kept: blobs are made when they are read, and forgotten when their digest has been
// compared. Time is virtual. Exit status 1 if memory goes beyond what check-config says that both
// sides need for such a link, or if bytes are wrong or missing without a lost block.
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>

#include "common/base/hasher.h"
#include "common/wire/block.h"
#include "lowside/transmit/interleaving.h"
#include "tests/support/link_rig.h"
#include "tests/survival/cases.h"

namespace sluice::survival {
namespace {

constexpr std::uint64_t kBlobBytes = std::uint64_t{64} << 20;
constexpr std::size_t kBlobs = 8;  // different ones; each pass carries all of them
constexpr std::size_t kPoolBytes = (std::size_t{1} << 20) + 7;
// The program and its libraries, the pool, a run of datagrams under way, what the allocator keeps.
constexpr std::uint64_t kBeside = std::uint64_t{48} << 20;
constexpr Link kLink{.rate = 10'000'000'000, .mtu = 9000, .outage = std::chrono::milliseconds(5)};

// Blob n is the pool over and over, from another place of it.
class Generated final : public store::BlobReader {
 public:
  Generated(const Bytes& pool, std::size_t blob) : pool_(pool), blob_(blob) {}

  std::uint64_t size() const override { return kBlobBytes; }
  Result<void> read_at(std::uint64_t offset, MutableByteView into) const override {
    while (!into.empty()) {
      const std::size_t at = (offset + blob_ * 77'777) % pool_.size();
      const std::size_t length = std::min(into.size(), pool_.size() - at);
      std::memcpy(into.data(), pool_.data() + at, length);
      into = into.subspan(length);
      offset += length;
    }
    return {};
  }
  int descriptor() const override { return -1; }

 private:
  const Bytes& pool_;
  std::size_t blob_;
};

class GeneratedBlobs final : public store::BlobStore {
 public:
  GeneratedBlobs() : pool_(kPoolBytes) {
    sim::Random(1).fill(pool_);
    Bytes piece(std::size_t{1} << 20);
    for (std::size_t blob = 0; blob < kBlobs; ++blob) {
      Hasher hasher(DigestAlgorithm::kSha256);
      for (std::uint64_t at = 0; at < kBlobBytes; at += piece.size()) {
        Generated(pool_, blob).read_at(at, piece).value();
        hasher.update(piece);
      }
      known_.emplace(Sha256Digest::from_bytes(hasher.finish().bytes()).value(), blob);
    }
  }

  const std::map<Sha256Digest, std::size_t>& known() const { return known_; }

  Result<std::unique_ptr<store::BlobReader>> open(const Sha256Digest& digest) const override {
    return std::unique_ptr<store::BlobReader>(
        std::make_unique<Generated>(pool_, known_.at(digest)));
  }
  using BlobStore::commit;
  Result<void> commit(const std::vector<store::NewBlob>&, const store::Batch&) override {
    return {};
  }
  Result<std::optional<store::BlobInfo>> find(const Sha256Digest&) const override {
    return std::optional<store::BlobInfo>();
  }
  Result<std::optional<Sha256Digest>> resolve(const Digest&) const override {
    return std::optional<Sha256Digest>();
  }
  Result<void> remove(const Sha256Digest&) override { return {}; }
  using BlobStore::for_each;
  Result<void> for_each(const Sha256Digest&,
                        const std::function<bool(const store::BlobInfo&)>&) const override {
    return {};
  }
  StagingPath new_staging_path() override { return StagingPath("/nowhere"); }
  Usage usage() const override { return {}; }

 private:
  Bytes pool_;
  std::map<Sha256Digest, std::size_t> known_;
};

// Another pass of the same blobs whenever it is asked.
class EndlessOutbox final : public low::Outbox {
 public:
  EndlessOutbox(const GeneratedBlobs& blobs, std::uint64_t passes)
      : blobs_(blobs), passes_(passes) {}

  Result<std::optional<low::OutgoingPass>> next_due(UtcTime, low::Urgency urgency,
                                                    const low::PassNames& under_way) override {
    const std::uint64_t before = sent_ + under_way.size();
    if (before == passes_ || urgency != low::Urgency::kFresh) {
      return std::optional<low::OutgoingPass>();
    }
    low::OutgoingPass pass{.sequence = ShipmentSequence(before + 1),
                           .pass = 0,
                           .manifest = Bytes(300, static_cast<std::uint8_t>(before)),
                           .blobs = {}};
    for (const auto& [digest, blob] : blobs_.known()) {
      pass.blobs.push_back({.digest = digest, .size = kBlobBytes});
    }
    return std::optional(std::move(pass));
  }
  Result<void> mark_sent(ShipmentSequence, std::uint32_t, low::Urgency, UtcTime) override {
    ++sent_;
    return {};
  }
  ShipmentSequence highest_sent() const override { return ShipmentSequence(sent_); }
  ShipmentSequence oldest_held() const override { return ShipmentSequence(1); }
  std::uint64_t changes() const override { return sent_; }
  bool done() const { return sent_ == passes_; }

 private:
  const GeneratedBlobs& blobs_;
  std::uint64_t passes_;
  std::uint64_t sent_ = 0;
};

// Checks and forgets. Blocks come in order but for the few that wait for their last symbols, so
// that a blob whose bytes do not follow one another has lost some.
class Forgetful final : public high::BlockConsumer {
 public:
  explicit Forgetful(const crypto::VerifyKey& key) : key_(key) {}

  void block(high::RecoveredBlock block) override {
    waiting_.emplace(block.place.number.value(), std::move(block));
    drain();
  }
  void lost(const high::LostBlocks& lost) override {
    lost_blocks += lost.count;
    next_ = std::max(next_, lost.first.number.value() + lost.count);
    drain();
  }
  void heartbeat(const std::string&, const wire::Heartbeat&, UtcTime) override {}

  std::uint64_t bytes = 0;
  std::uint64_t whole_blobs = 0;
  std::uint64_t wrong_blobs = 0;
  std::uint64_t lost_blocks = 0;

 private:
  void drain() {
    while (!waiting_.empty() && waiting_.begin()->first <= next_) {
      take(waiting_.begin()->second);
      next_ = std::max(next_, waiting_.begin()->first + 1);
      waiting_.erase(waiting_.begin());
    }
  }
  void take(const high::RecoveredBlock& block) {
    const auto opened = wire::read_block(block.bytes, block.place, key_);
    for (const wire::BlobPart& part : opened.value().parts) {
      if (part.blob_bytes != kBlobBytes) {
        continue;  // the manifest
      }
      if (part.offset == 0) {
        hasher_ = Hasher(DigestAlgorithm::kSha256);
        hashed_ = 0;
      }
      if (part.offset == hashed_) {
        hasher_.update(part.stored);
        hashed_ += part.length;
      }
      bytes += part.length;
      if (part.offset + part.length == kBlobBytes && hashed_ == kBlobBytes) {
        const bool same = std::ranges::equal(hasher_.finish().bytes(), part.blob.bytes());
        (same ? whole_blobs : wrong_blobs) += 1;
        hashed_ = 0;
      }
    }
  }

  const crypto::VerifyKey key_;
  std::map<std::uint64_t, high::RecoveredBlock> waiting_;
  std::uint64_t next_ = 0;
  Hasher hasher_{DigestAlgorithm::kSha256};
  std::uint64_t hashed_ = 0;
};

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

double mib(std::uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

class Soak {
 public:
  explicit Soak(std::uint64_t gigabytes)
      : passes_(std::max<std::uint64_t>(1, gigabytes * 1'000'000'000 / (kBlobs * kBlobBytes))),
        outbox_(blobs_, passes_) {
    receive_.lane_memory = low::link_figures(transmit_).receiver_bytes;
  }

  int run() {
    transmit_.epoch = Epoch(1);
    transmit_.zstd_level = 0;
    const std::vector<high::TrustedStream> streams{
        {.name = Pair::kStream, .key = signing_.verify_key()}};
    high::LinkReader reader(
        receive_, {streams, opening_, epochs_, consumer_, clock_, high_counters_, events_});
    auto sender = low::Transmission::begin(transmit_, {outbox_,
                                                       blobs_,
                                                       {&link_.sink()},
                                                       signing_,
                                                       {opening_.sealing_key()},
                                                       clock_,
                                                       low_counters_,
                                                       events_})
                      .value();
    while (!outbox_.done()) {
      while (sender->build() == low::Transmission::Built::kWorked) {
      }
      clock_.advance_to(sender->send(0));
      deliver(reader);
      watch();
    }
    return judge();
  }

 private:
  void deliver(high::LinkReader& reader) {
    while (link_.source().receive(buffers_, std::chrono::milliseconds(0)).value() > 0) {
      MutableByteView rest = buffers_[0].memory.first(buffers_[0].bytes);
      while (!rest.empty()) {
        const std::size_t length = std::min(rest.size(), buffers_[0].segment_bytes);
        reader.take(rest.first(length));
        rest = rest.subspan(length);
      }
      reader.end_batch();
    }
    reader.tick();
  }

  void watch() {
    const std::uint64_t step = passes_ * kBlobs * kBlobBytes / 20;
    if (consumer_.bytes < watched_ + step) {
      return;
    }
    watched_ = consumer_.bytes;
    const std::uint64_t resident = resident_bytes();
    most_ = std::max(most_, resident);
    std::printf("%8.1f GB  %6.1f MiB resident\n", static_cast<double>(watched_) / 1e9,
                mib(resident));
    std::fflush(stdout);
  }

  int judge() {
    const low::LinkFigures figures = low::link_figures(transmit_);
    const std::uint64_t bound = figures.sender_bytes + figures.receiver_bytes + kBeside;
    std::printf(
        "%.1f GB, %llu datagrams of which %llu were lost, %llu blocks lost; at most %.1f MiB "
        "of %.1f (low side %.1f, high side %.1f, beside them %.1f)\n",
        static_cast<double>(consumer_.bytes) / 1e9,
        static_cast<unsigned long long>(link_.account().sent),
        static_cast<unsigned long long>(link_.account().lost),
        static_cast<unsigned long long>(consumer_.lost_blocks), mib(most_), mib(bound),
        mib(figures.sender_bytes), mib(figures.receiver_bytes), mib(kBeside));
    const bool all = consumer_.wrong_blobs == 0 &&
                     consumer_.whole_blobs + 2 * consumer_.lost_blocks + 1 >= passes_ * kBlobs;
    if (!all) {
      std::printf("blobs are wrong or missing: %llu whole, %llu wrong\n",
                  static_cast<unsigned long long>(consumer_.whole_blobs),
                  static_cast<unsigned long long>(consumer_.wrong_blobs));
    }
    return all && most_ > 0 && most_ <= bound ? 0 : 1;
  }

  low::TransmitSettings transmit_ = kLink.transmit();
  high::ReceiveSettings receive_;
  std::uint64_t passes_;
  GeneratedBlobs blobs_;
  EndlessOutbox outbox_;
  crypto::SigningKey signing_ = crypto::SigningKey::generate();
  crypto::OpeningKey opening_ = crypto::OpeningKey::generate();
  Forgetful consumer_{signing_.verify_key()};
  test::MemoryEpochs epochs_;
  test::ManualClock clock_;
  test::RecordedEvents events_;
  observe::Counters low_counters_;
  observe::Counters high_counters_;
  test::LossyLink link_{1, {.loss = 0.01}};
  Bytes memory_ = Bytes(link_.source().buffer_bytes());
  std::vector<link::ReceiveBuffer> buffers_{{.memory = memory_}};
  std::uint64_t watched_ = 0;
  std::uint64_t most_ = 0;
};

}  // namespace
}  // namespace sluice::survival

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: soak GIGABYTES\n", stderr);
    return 2;
  }
  return sluice::survival::Soak(std::stoull(argv[1])).run();
}
