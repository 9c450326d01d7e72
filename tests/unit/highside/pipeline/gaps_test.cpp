// What did not arrive is known, over restarts too.
#include "tests/unit/highside/pipeline/shipment_fixture.h"

namespace sluice::test {
namespace {

using high::Gap;
using high::ShipmentState;
using observe::Metric;
using testing::IsEmpty;

class GapsTest : public ShipmentFixture {
 protected:
  // "1-3 never-heard, 5 announced"
  std::string described() const {
    std::string text;
    for (const Gap& gap : high_->gaps()) {
      text += (text.empty() ? "" : ", ") + std::to_string(gap.first.value());
      text += gap.last > gap.first ? "-" + std::to_string(gap.last.value()) : "";
      text += " " + std::string(to_string(gap.state));
    }
    return text;
  }
  bool becomes(const std::string& expected) {
    if (eventually([&] { return described() == expected; })) {
      return true;
    }
    ADD_FAILURE() << described();
    return false;
  }
};

TEST_F(GapsTest, AHeartbeatNamesALostTail) {
  heartbeat(3, 1);
  ASSERT_TRUE(becomes("1-3 never-heard"));
  send_one(2, "a", "body");
  ASSERT_TRUE(becomes("1 never-heard, 3 never-heard"));
  ASSERT_TRUE(eventually([&] { return high_->count(Metric::kOpenGaps) == 2; }));
  restart();
  EXPECT_EQ(described(), "1 never-heard, 3 never-heard");
}

TEST_F(GapsTest, WhatWasNeverOfferedNeedsABaseline) {
  heartbeat(10, 6);
  ASSERT_TRUE(becomes("1-5 needs-baseline, 6-10 never-heard"));
  EXPECT_FALSE(high_->gaps()[0].resendable);
  EXPECT_TRUE(high_->gaps()[1].resendable);
  heartbeat(10, 8);  // the sender forgot two more: they were offered, and stay losses
  ASSERT_TRUE(becomes("1-5 needs-baseline, 6-7 never-heard, 8-10 never-heard"));
  EXPECT_FALSE(high_->gaps()[1].resendable);
  EXPECT_TRUE(high_->gaps()[2].resendable);
  restart();
  EXPECT_EQ(described(), "1-5 needs-baseline, 6-7 never-heard, 8-10 never-heard");
}

// A high side that starts from nothing shows what it gets, although the sender has dropped what was
// before; and what can never come is named, not forgotten.
TEST_F(GapsTest, WhatTheSenderHoldsNoMoreHoldsNothingUp) {
  heartbeat(4, 3);
  send_one(3, "a", "body", {2});
  ASSERT_TRUE(high_->published(1));
  ASSERT_TRUE(becomes("1-2 needs-baseline, 4 never-heard"));
  EXPECT_FALSE(high_->gaps()[0].resendable);
}

TEST_F(GapsTest, WhatTheSenderDropsMeanwhileHoldsNothingUpAnyMore) {
  heartbeat(3, 1);
  send_one(3, "a", "body", {2});
  ASSERT_TRUE(becomes("1-2 never-heard, 3 waiting-for-after"));
  heartbeat(3, 2);
  ASSERT_TRUE(becomes("1 never-heard, 2 never-heard, 3 waiting-for-after"));
  heartbeat(3, 3);
  ASSERT_TRUE(high_->published(1));
  ASSERT_TRUE(becomes("1-2 never-heard"));
  EXPECT_FALSE(high_->gaps()[0].resendable);
  // It may come all the same, fetched once more; then it is not in the way of what is newer.
  send_one(2, "a", "older");
  ASSERT_TRUE(becomes("1 never-heard"));
  restart();
  EXPECT_EQ(described(), "1 never-heard");
}

TEST_F(GapsTest, AHeartbeatThatGoesBackChangesNothing) {
  heartbeat(5, 1);
  ASSERT_TRUE(becomes("1-5 never-heard"));
  heartbeat(2, 1);
  heartbeat(std::uint64_t{1} << 63U, 1);  // no sender counts so far: held to the limit
  ASSERT_TRUE(becomes("1-" + std::to_string(high::Ledger::kMaxSequence) + " never-heard"));
}

TEST_F(GapsTest, ANoticeWithoutItsManifestSurvivesARestart) {
  proto::Shipment shipment = low_.shipment(1);
  add_record(shipment, "a", "body");
  const SentShipment sent = low_.sign(shipment);
  send(low_.notice(sent));
  ASSERT_TRUE(becomes("1 announced"));
  ASSERT_EQ(high_->gaps()[0].missing.size(), 1U);
  EXPECT_EQ(high_->gaps()[0].missing[0].digest, sent.manifest.digest);
  EXPECT_EQ(high_->gaps()[0].missing_bytes, sent.manifest.bytes.size());
  restart();
  ASSERT_TRUE(becomes("1 announced"));
  send(low_.whole(sent.manifest));
  ASSERT_TRUE(high_->published(1));
  EXPECT_THAT(high_->gaps(), IsEmpty());
}

TEST_F(GapsTest, StreamsCountEachForItself) {
  heartbeat(1, 1);
  proto::Shipment shipment = other_.shipment(1);
  add_record(shipment, "b", "body");
  const SentShipment sent = other_.sign(shipment);
  send(other_.notice(sent).whole(sent.manifest));
  ASSERT_TRUE(high_->published(1));
  ASSERT_TRUE(becomes("1 never-heard"));
  EXPECT_EQ(high_->gaps()[0].stream, "lab-low");
  const auto status = high_->publisher.status();
  ASSERT_EQ(status.streams.size(), 2U);
  EXPECT_EQ(status.streams[0].never_heard, 1U);
  EXPECT_EQ(status.streams[1].published, 1U);
}

TEST_F(GapsTest, ABlobThatAnotherShipmentCarriesIsNamedToo) {
  proto::Shipment shipment = low_.shipment(2);
  add_record(shipment, "x", "body", {small_});
  const SentShipment sent = low_.sign(std::move(shipment));
  send(low_.notice(sent).whole(sent.manifest));
  ASSERT_TRUE(becomes("1 never-heard, 2 waiting-for-blobs"));
  const Gap gap = high_->gaps()[1];
  EXPECT_EQ(gap.missing_blobs, 1U);
  ASSERT_THAT(gap.missing, testing::SizeIs(1));
  EXPECT_EQ(gap.missing[0].digest, small_.digest);
  EXPECT_EQ(gap.missing[0].name, "x");
}

TEST_F(GapsTest, ReportsAreBounded) {
  heartbeat(9, 1);
  send_one(2, "a", "1", {1});
  send_one(4, "a", "2", {3});
  ASSERT_TRUE(eventually([&] { return high_->publisher.gaps(100, 1).size() == 5; }));
  EXPECT_EQ(high_->publisher.gaps(3, 1).size(), 3U);
  EXPECT_THAT(high_->publisher.gaps(0, 1), IsEmpty());
}

TEST_F(GapsTest, LostBlocksAreTold) {
  high_->assembler.lost({"lab-low", {SessionId(7), LaneId(0), BlockNumber(5)}, 3});
  ASSERT_TRUE(saw_event("blocks.lost"));
  EXPECT_EQ(field(high_->events.named("blocks.lost")[0], "count"), "3");
}

}  // namespace
}  // namespace sluice::test
