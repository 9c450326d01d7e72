// The whole way with its threads: Transmitter → link in memory → Receiver.
#include <gtest/gtest.h>

#include <condition_variable>

#include "common/base/hasher.h"
#include "highside/receive/receiver.h"
#include "lowside/transmit/transmitter.h"
#include "tests/support/link_rig.h"

namespace sluice {
namespace {

using observe::Metric;

// Checks each block's signature and puts blobs together.
class Assembling final : public high::BlockConsumer {
 public:
  explicit Assembling(crypto::VerifyKey key) : key_(key) {}

  void block(high::RecoveredBlock block) override {
    const auto read = wire::read_block(block.bytes, block.place, key_);
    const std::lock_guard lock(mutex_);
    if (!read) {
      ++bad_blocks_;
      return;
    }
    Bytes scratch;
    for (const wire::BlobPart& part : read->parts) {
      const ByteView bytes = wire::decode_part(part, scratch).value();
      Bytes& blob = blobs_[part.blob];
      blob.resize(part.blob_bytes);
      std::ranges::copy(bytes, blob.begin() + static_cast<std::ptrdiff_t>(part.offset));
    }
    changed_.notify_all();
  }
  void lost(const high::LostBlocks& lost) override {
    const std::lock_guard lock(mutex_);
    lost_ += lost.count;
  }
  void heartbeat(const std::string&, const wire::Heartbeat& heartbeat, UtcTime) override {
    const std::lock_guard lock(mutex_);
    highest_ = heartbeat.last;
    changed_.notify_all();
  }

  void wait_for(const std::vector<Sha256Digest>& digests) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      return std::ranges::all_of(digests, [this](const Sha256Digest& digest) {
        const auto found = blobs_.find(digest);
        return found != blobs_.end() && sha256(found->second) == digest;
      });
    });
  }
  void wait_for_heartbeat_after(ShipmentSequence sequence) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return highest_ >= sequence; });
  }
  std::uint64_t bad_blocks() const { return bad_blocks_; }
  std::uint64_t lost_blocks() const { return lost_; }

 private:
  crypto::VerifyKey key_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Sha256Digest, Bytes> blobs_;
  ShipmentSequence highest_;
  std::uint64_t bad_blocks_ = 0;
  std::uint64_t lost_ = 0;
};

// A source that belongs to somebody else.
class Borrowed final : public link::DatagramSource {
 public:
  explicit Borrowed(link::DatagramSource& source) : source_(source) {}
  Result<std::size_t> receive(std::span<link::ReceiveBuffer> buffers,
                              std::chrono::milliseconds patience) override {
    return source_.receive(buffers, patience);
  }
  std::size_t buffer_bytes() const override { return source_.buffer_bytes(); }
  Stats stats() const override { return source_.stats(); }

 private:
  link::DatagramSource& source_;
};

class Threads : public testing::Test {
 protected:
  void start(std::size_t lanes, const test::LinkFaults& faults = {}) {
    std::vector<link::DatagramSink*> sinks;
    std::vector<std::unique_ptr<link::DatagramSource>> sources;
    for (std::size_t i = 0; i < lanes; ++i) {
      links_.push_back(std::make_unique<test::LossyLink>(i + 1, faults));
      sinks.push_back(&links_.back()->sink());
      sources.push_back(std::make_unique<Borrowed>(links_.back()->source()));
    }
    receiver_ = std::make_unique<high::Receiver>(
        high::ReceiveSettings{.ring_bytes = std::size_t{1} << 20}, std::move(sources),
        high::ReceiveParts{.streams = streams_,
                           .key = opening_,
                           .epochs = epochs_,
                           .consumer = consumer_,
                           .clock = clock_,
                           .counters = high_counters_,
                           .events = events_});
    transmitter_ = low::Transmitter::start({.stream = "lab-low",
                                            .epoch = Epoch(1),
                                            .rate_bits_per_second = UINT64_C(4'000'000'000),
                                            .block_bytes = std::size_t{256} << 10,
                                            .window = 4,
                                            .cadence = std::chrono::milliseconds(100),
                                            .poll = std::chrono::milliseconds(5)},
                                           {.outbox = outbox_,
                                            .blobs = blobs_,
                                            .lanes = sinks,
                                            .key = signing_,
                                            .receivers = {opening_.sealing_key()},
                                            .clock = clock_,
                                            .counters = low_counters_,
                                            .events = events_})
                       .value();
  }

  std::vector<Sha256Digest> put(std::uint64_t sequence, const std::vector<std::size_t>& sizes) {
    low::OutgoingPass pass = test::make_pass(blobs_, random_, sequence, sizes);
    std::vector<Sha256Digest> digests{sha256(pass.manifest)};
    for (const low::OutgoingBlob& blob : pass.blobs) {
      digests.push_back(blob.digest);
    }
    outbox_.put(std::move(pass));
    transmitter_->wake();
    return digests;
  }

  SystemClock clock_;
  std::mt19937_64 random_{1};
  crypto::SigningKey signing_ = crypto::SigningKey::generate();
  crypto::OpeningKey opening_ = crypto::OpeningKey::generate();
  std::vector<high::TrustedStream> streams_{{.name = "lab-low", .key = signing_.verify_key()}};
  test::MemoryBlobs blobs_;
  test::MemoryOutbox outbox_;
  test::MemoryEpochs epochs_;
  test::RecordedEvents events_;
  observe::Counters low_counters_;
  observe::Counters high_counters_;
  Assembling consumer_{signing_.verify_key()};
  std::vector<std::unique_ptr<test::LossyLink>> links_;
  std::unique_ptr<high::Receiver> receiver_;
  std::unique_ptr<low::Transmitter> transmitter_;
};

TEST_F(Threads, PassesCrossOneAfterAnotherAndAreMarked) {
  start(1, {.loss = 0.01, .duplicate = 0.01, .reorder = 0.01});
  std::vector<Sha256Digest> all;
  for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) {
    for (const Sha256Digest& digest : put(sequence, {10, 3'000'000, 70'000, 0, 1})) {
      all.push_back(digest);
    }
  }
  outbox_.wait_for_marked(5);
  consumer_.wait_for(all);
  consumer_.wait_for_heartbeat_after(ShipmentSequence(5));
  transmitter_.reset();
  EXPECT_EQ(consumer_.bad_blocks(), 0U);
  EXPECT_EQ(low_counters_.get(Metric::kSentPasses), 5U);
  EXPECT_EQ(low_counters_.get(Metric::kSentShipments), 5U);
  EXPECT_EQ(events_.named("shipment.sent").size(), 5U);
  for (const Metric stage : {Metric::kSendBuildNanos, Metric::kSendEncodeNanos,
                             Metric::kSendSealNanos, Metric::kSendSendNanos}) {
    EXPECT_GT(low_counters_.get(stage), 0U);
  }
}

TEST_F(Threads, TwoLanesCarryOneStream) {
  start(2);
  const auto digests = put(1, {6'000'000, 100, 100, 2'000'000});
  outbox_.wait_for_marked(1);
  consumer_.wait_for(digests);
  EXPECT_GT(links_[0]->account().sent, 2000U);
  EXPECT_GT(links_[1]->account().sent, 2000U);
  transmitter_.reset();
  receiver_.reset();
  EXPECT_EQ(consumer_.lost_blocks(), 0U);
  EXPECT_EQ(consumer_.bad_blocks(), 0U);
}

TEST_F(Threads, APassThatCouldNotBeMarkedIsSentAgain) {
  start(1);
  outbox_.fail_marks(1);
  const auto digests = put(1, {1000});
  outbox_.wait_for_marked(1);
  transmitter_.reset();  // what follows a mark is done when its thread has ended
  EXPECT_EQ(low_counters_.get(Metric::kSentPasses), 2U);
  EXPECT_EQ(events_.named("transmit.mark_failed").size(), 1U);
  consumer_.wait_for(digests);
}

TEST_F(Threads, StopsInTheMiddleOfAPassAndLeavesItUnmarked) {
  start(1);
  links_[0]->fail_sends(Error{ErrorCode::kUnavailable, "link", "the network is down", ""});
  put(1, {20'000'000});
  while (transmitter_->status().queued_blocks < low::kBlocksAhead) {
    std::this_thread::yield();
  }
  const low::TransmitStatus status = transmitter_->status();
  ASSERT_EQ(status.open.size(), 1U);
  EXPECT_EQ(status.open[0].sequence, ShipmentSequence(1));
  EXPECT_EQ(status.open[0].bytes_total, 20'000'300U);
  EXPECT_LT(status.open[0].bytes_done, status.open[0].bytes_total);
  transmitter_.reset();
  receiver_.reset();
  EXPECT_TRUE(outbox_.marked().empty());
}

TEST_F(Threads, SettingsThatCannotBeAreRefused) {
  test::LossyLink link(1);
  const low::TransmitParts parts{.outbox = outbox_,
                                 .blobs = blobs_,
                                 .lanes = {&link.sink()},
                                 .key = signing_,
                                 .receivers = {},
                                 .clock = clock_,
                                 .counters = low_counters_,
                                 .events = events_};
  EXPECT_EQ(low::Transmitter::start({.stream = "a b"}, parts).error().code, ErrorCode::kInvalid);
  EXPECT_NE(
      low::Transmitter::start({.stream = "lab-low"}, parts).error().message().find("receiver"),
      std::string::npos);
}

}  // namespace
}  // namespace sluice
