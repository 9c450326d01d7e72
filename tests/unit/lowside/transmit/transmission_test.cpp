// Which pass is sent when, on a clock that stands still between steps.
#include "lowside/transmit/transmission.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/support/events.h"
#include "tests/support/link_rig.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_blobs.h"

namespace sluice::low {
namespace {

using observe::Metric;

// Takes everything and keeps nothing.
class NoSink final : public link::DatagramSink {
 public:
  Result<void> send(ByteView bytes, std::size_t /*datagram_bytes*/) override {
    stats_.bytes += bytes.size();
    return {};
  }
  Stats stats() const override { return stats_; }

 private:
  Stats stats_;
};

class TransmissionTest : public testing::Test {
 protected:
  TransmissionTest() {
    settings_.stream = "lab-low";
    settings_.block_bytes = limits::kMinBlockBytes;
    settings_.window = 2;
    settings_.zstd_level = 0;
    settings_.repeat_percent = 0;
  }
  void begin() {
    transmission_ = Transmission::begin(settings_, {.outbox = outbox_,
                                                    .blobs = blobs_,
                                                    .lanes = {&sink_},
                                                    .key = signing_,
                                                    .receivers = {opening_.sealing_key()},
                                                    .clock = clock_,
                                                    .counters = counters_,
                                                    .events = events_})
                        .value();
  }
  // A shipment of about so many blocks.
  void put(std::uint64_t sequence, Urgency urgency, std::size_t blocks) {
    put_bytes(sequence, urgency, blocks * settings_.block_bytes - 20'000);
  }
  void put_bytes(std::uint64_t sequence, Urgency urgency, std::size_t bytes) {
    OutgoingPass pass = test::make_pass(blobs_, random_, sequence, {bytes});
    pass.urgency = urgency;
    outbox_.put(std::move(pass));
  }
  // All that can be built, then one run.
  void step() {
    while (transmission_->build() == Transmission::Built::kWorked) {
    }
    clock_.advance_to(std::max(transmission_->send(0), clock_.steady_now()));
  }
  void run_until_marked(std::size_t count) {
    for (int steps = 0; outbox_.marked().size() < count; ++steps) {
      ASSERT_LT(steps, 100'000) << "nothing happens any more";
      step();
    }
  }
  std::vector<std::uint64_t> marked() const {
    std::vector<std::uint64_t> sequences;
    for (const auto& [sequence, pass] : outbox_.marked()) {
      sequences.push_back(sequence.value());
    }
    return sequences;
  }
  // Of the open pass of that urgency.
  std::uint64_t bytes_done(Urgency urgency) const {
    for (const TransmitStatus::Pass& pass : transmission_->status().open) {
      if (pass.urgency == urgency) {
        return pass.bytes_done;
      }
    }
    return 0;
  }
  // Blocks that may have been built before something more urgent came and are sent before it.
  std::uint64_t ahead() const {
    return (settings_.window + kBlocksAhead + 1) * settings_.block_bytes;
  }

  std::mt19937_64 random_{1};
  test::ManualClock clock_;
  test::MemoryBlobs blobs_;
  test::MemoryOutbox outbox_;
  NoSink sink_;
  crypto::SigningKey signing_ = crypto::SigningKey::generate();
  crypto::OpeningKey opening_ = crypto::OpeningKey::generate();
  observe::Counters counters_;
  test::RecordedEvents events_;
  TransmitSettings settings_;
  std::unique_ptr<Transmission> transmission_;
};

class Suspended : public TransmissionTest, public testing::WithParamInterface<Urgency> {};

TEST_P(Suspended, AFreshShipmentWaitsForNoMoreThanWhatIsBuilt) {
  begin();
  put(1, GetParam(), 100);
  while (bytes_done(GetParam()) < 10 * settings_.block_bytes) {
    step();
  }
  const std::uint64_t before = bytes_done(GetParam());
  put(2, Urgency::kFresh, 5);
  run_until_marked(1);
  EXPECT_EQ(marked(), std::vector<std::uint64_t>{2});
  EXPECT_LE(bytes_done(GetParam()), before + ahead());
  EXPECT_EQ(counters_.get(Metric::kSuspendedPasses), 1U);
  run_until_marked(2);
  EXPECT_EQ(marked(), (std::vector<std::uint64_t>{2, 1}));
  EXPECT_EQ(counters_.get(Metric::kSendMissingBlobs), 0U);
  // It went on where it was: a hundred blocks and five, with a few that are not full.
  EXPECT_LE(counters_.get(Metric::kSentBlocks), 110U);
}

INSTANTIATE_TEST_SUITE_P(All, Suspended,
                         testing::Values(Urgency::kResend, Urgency::kRepeat, Urgency::kCarousel),
                         [](const auto& tested) { return std::string(to_string(tested.param)); });

TEST_F(TransmissionTest, TheMoreUrgentIsSentFirst) {
  begin();
  put(1, Urgency::kCarousel, 20);
  put(2, Urgency::kRepeat, 20);
  put(3, Urgency::kResend, 20);
  put(4, Urgency::kFresh, 20);
  put(5, Urgency::kFresh, 20);
  run_until_marked(5);
  EXPECT_EQ(marked(), (std::vector<std::uint64_t>{4, 5, 3, 2, 1}));
}

TEST_F(TransmissionTest, PassesUnderWayAreBoundedAndMarkedInTheirOrder) {
  begin();
  const std::uint64_t each = 3 * Transmission::kPassesUnderWay;
  for (std::uint64_t i = 0; i < each * kUrgencies.size(); ++i) {
    put_bytes(1 + i, kUrgencies[i % kUrgencies.size()], 100);
  }
  std::map<std::uint64_t, std::vector<std::uint64_t>> by_urgency;
  while (outbox_.marked().size() < each * kUrgencies.size()) {
    step();
    const TransmitStatus status = transmission_->status();
    EXPECT_LE(status.open.size(), kUrgencies.size());
    EXPECT_LE(status.under_way, kUrgencies.size() * Transmission::kPassesUnderWay);
  }
  for (const std::uint64_t sequence : marked()) {
    by_urgency[sequence % kUrgencies.size()].push_back(sequence);
  }
  for (const auto& [urgency, sequences] : by_urgency) {
    EXPECT_TRUE(std::ranges::is_sorted(sequences));
    EXPECT_EQ(sequences.size(), each);
  }
}

// A block takes a whole spread to cross, however small: what follows does not wait for that.
class SmallShipments : public TransmissionTest {
 protected:
  static constexpr std::uint64_t kShipments = 100;

  SmallShipments() {
    settings_.window = 9;
    settings_.rate_bits_per_second = 100'000'000;
  }
  // The slots of the wire from the first datagram to the last.
  std::uint64_t slots(std::size_t bytes) {
    begin();
    for (std::uint64_t i = 0; i < kShipments; ++i) {
      put_bytes(1 + i, Urgency::kFresh, bytes);
    }
    // The announces that lead the session, each with a heartbeat.
    constexpr std::uint64_t kLead = std::uint64_t{2} * LaneSender::kLeadAnnounces;
    while (counters_.get(Metric::kSentDatagrams) < kLead) {
      step();
    }
    const SteadyTime start = clock_.steady_now();
    SteadyTime end = start;
    while (counters_.get(Metric::kSentBlocks) < kShipments) {
      end = clock_.steady_now();
      step();
    }
    run_until_marked(kShipments);
    return static_cast<std::uint64_t>((end - start) / settings_.datagram_time());
  }
};

TEST_F(SmallShipments, FillTheWireAndTakeOneSpreadMoreAltogether) {
  const std::uint64_t taken = slots(61'000);  // nearly a block
  const std::uint64_t sent = counters_.get(Metric::kSentDatagrams);
  EXPECT_GE(taken, sent * 19 / 20);
  EXPECT_LE(taken, sent * 21 / 20 + settings_.spread_datagrams());
}

TEST_F(SmallShipments, OfFewBytesAWindowCrossesInEachSpread) {
  EXPECT_LE(slots(1), (kShipments / settings_.window + 2) * settings_.spread_datagrams());
}

class Share : public TransmissionTest, public testing::WithParamInterface<unsigned> {};

TEST_P(Share, RepeatsHaveTheirShareWhileSomethingUrgentIsSent) {
  settings_.repeat_percent = GetParam();
  begin();
  put(1, Urgency::kFresh, 40);
  put(2, Urgency::kRepeat, 450);
  run_until_marked(1);
  EXPECT_EQ(marked(), std::vector<std::uint64_t>{1});
  const double fresh = 40;
  const double repeats = static_cast<double>(bytes_done(Urgency::kRepeat)) /
                         static_cast<double>(settings_.block_bytes);
  const double expected = fresh * GetParam() / (100 - GetParam());
  // Blocks are whole, up to nine of repeats follow one, and some of either are in flight.
  const auto slack = static_cast<double>(settings_.window + kBlocksAhead + 4 + 9);
  EXPECT_NEAR(repeats, expected, slack);
}

INSTANTIATE_TEST_SUITE_P(Percent, Share, testing::Values(0U, 10U, 50U, 90U));

TEST_F(TransmissionTest, AShareIsNotSavedUp) {
  settings_.repeat_percent = 50;
  begin();
  put(1, Urgency::kFresh, 100);  // nothing to repeat meanwhile
  run_until_marked(1);
  put(2, Urgency::kFresh, 20);
  put(3, Urgency::kRepeat, 200);
  run_until_marked(2);
  EXPECT_LE(bytes_done(Urgency::kRepeat), (20 + 4) * settings_.block_bytes + ahead());
}

TEST_F(TransmissionTest, WhatCouldNotBeMarkedIsSentAgain) {
  begin();
  outbox_.fail_marks(2);
  put(1, Urgency::kRepeat, 2);
  run_until_marked(1);
  EXPECT_EQ(counters_.get(Metric::kSentPasses), 3U);
}

class Compression : public TransmissionTest {
 protected:
  static constexpr std::size_t kBlobs = 40;

  Compression() {
    settings_.zstd_level = 1;
    begin();
  }
  // Text that becomes half of what it is; its bytes.
  std::size_t put_text() {
    std::uniform_int_distribution<int> letter('a', 'p');
    OutgoingPass pass{
        .sequence = ShipmentSequence(1), .pass = 0, .manifest = Bytes(300, 1), .blobs = {}};
    for (std::size_t i = 0; i < kBlobs; ++i) {
      Bytes text(settings_.block_bytes);
      std::ranges::generate(text, [&] { return static_cast<std::uint8_t>(letter(random_)); });
      pass.blobs.push_back({.digest = blobs_.add(std::move(text)), .size = settings_.block_bytes});
    }
    outbox_.put(std::move(pass));
    return kBlobs * settings_.block_bytes;
  }
  // The first so many readings of a blob take longer than all that is in flight, the others no
  // time.
  void read_slowly(std::size_t times) {
    blobs_.while_reading([this, read = std::make_shared<std::size_t>(0), times] {
      if (++*read > times) {
        return;
      }
      do {
        clock_.advance_to(std::max(transmission_->send(0), clock_.steady_now()));
      } while (!transmission_->idle(0));
    });
  }
  std::uint64_t sent_without_parity() const {
    return counters_.get(Metric::kSentBytes) * settings_.data_symbols /
           (settings_.data_symbols + std::uint64_t{settings_.parity_symbols});
  }
};

TEST_F(Compression, StopsWhileTheWireWaitsForIt) {
  read_slowly(SIZE_MAX);
  const std::size_t bytes = put_text();
  run_until_marked(1);
  EXPECT_GT(sent_without_parity(), bytes * 9 / 10);
  EXPECT_GT(transmission_->status().uncompressed_blocks, kBlobs * 9 / 10);
}

TEST_F(Compression, GoesOnWhileTheWireIsKeptBusy) {
  const std::size_t bytes = put_text();
  run_until_marked(1);
  EXPECT_LT(sent_without_parity(), bytes * 7 / 10);
  EXPECT_EQ(transmission_->status().uncompressed_blocks, 0U);
}

TEST_F(Compression, BeginsAgainWhenALaneIsFull) {
  read_slowly(kBlobs / 4);
  put_text();
  run_until_marked(1);
  EXPECT_GT(transmission_->status().uncompressed_blocks, 0U);
  EXPECT_LT(transmission_->status().uncompressed_blocks, kBlobs / 2);
}

}  // namespace
}  // namespace sluice::low
