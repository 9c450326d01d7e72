// What the spool gives out by urgency: resends as ranges, the carousel.
#include <gmock/gmock.h>

#include "tests/unit/lowside/spool/spool_fixture.h"

namespace sluice::low {
namespace {

using observe::Metric;
using testing::ElementsAre;

SequenceRange range(std::uint64_t first, std::uint64_t last) {
  return {ShipmentSequence(first), ShipmentSequence(last)};
}

class OrderTest : public SpoolFixture {
 protected:
  void SetUp() override {
    settings_.passes = {std::chrono::seconds(0)};
    ASSERT_TRUE(open());
  }
  void ship_and_send(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::string name = "file" + std::to_string(++shipped_);
      ASSERT_TRUE(ship("files", name, "bytes of " + name));
      ASSERT_EQ(send(), shipped_);
    }
  }
  // What is sent until nothing is due, with its urgency's first letter.
  std::vector<std::string> drain() {
    std::vector<std::string> sent;
    while (const auto pass = next().value()) {
      sent.push_back(std::string(1, to_string(pass->urgency)[0]) +
                     std::to_string(pass->sequence.value()));
      spool_->mark_sent(pass->sequence, pass->pass, pass->urgency, clock_.now).value();
    }
    return sent;
  }

  // As drain(), of one urgency, but so many are under way before the oldest of them is marked.
  std::vector<std::uint64_t> pipelined(Urgency urgency, std::size_t depth) {
    std::vector<std::uint64_t> given;
    PassNames under_way;
    for (;;) {
      const auto pass = under_way.size() < depth
                            ? spool_->next_due(clock_.now, urgency, under_way).value()
                            : std::nullopt;
      if (pass) {
        given.push_back(pass->sequence.value());
        under_way.push_back({pass->sequence, pass->pass});
        continue;
      }
      if (under_way.empty()) {
        return given;
      }
      const PassName oldest = under_way.front();
      spool_->mark_sent(oldest.sequence, oldest.pass, urgency, clock_.now).value();
      under_way.erase(under_way.begin());
    }
  }

  std::uint64_t shipped_ = 0;
};

TEST_F(OrderTest, WhatIsUnderWayIsNotGivenAgainAndTheOrderStays) {
  settings_.passes = {std::chrono::seconds(0), std::chrono::minutes(10)};
  ASSERT_TRUE(open());
  for (const std::string name : {"a", "b", "c", "d", "e"}) {
    ASSERT_TRUE(ship("files", name, name));
  }
  EXPECT_THAT(pipelined(Urgency::kFresh, 3), ElementsAre(1, 2, 3, 4, 5));
  clock_.now += std::chrono::minutes(10);
  EXPECT_THAT(pipelined(Urgency::kRepeat, 2), ElementsAre(1, 2, 3, 4, 5));
  ASSERT_TRUE(spool_->resend({range(4, 5), range(1, 2)}));
  EXPECT_THAT(pipelined(Urgency::kResend, 3), ElementsAre(4, 5, 1, 2));
  EXPECT_EQ(spool_->resend_all().value(), 5U);
  EXPECT_THAT(pipelined(Urgency::kCarousel, 3), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_TRUE(idle());
}

// What the high side had missed of them before it asked may have been on the wire already.
TEST_F(OrderTest, ARoundThatBeginsAnewSendsAgainWhatIsUnderWay) {
  ship_and_send(4);
  ASSERT_TRUE(spool_->resend_all());
  PassNames under_way;
  for (std::uint64_t i = 1; i <= 2; ++i) {
    const auto pass = spool_->next_due(clock_.now, Urgency::kCarousel, under_way).value().value();
    EXPECT_EQ(pass.sequence.value(), i);
    under_way.push_back({pass.sequence, pass.pass});
  }
  ASSERT_TRUE(spool_->resend_all());
  EXPECT_FALSE(spool_->next_due(clock_.now, Urgency::kCarousel, under_way).value());
  for (const PassName& pass : under_way) {
    spool_->mark_sent(pass.sequence, pass.pass, Urgency::kCarousel, clock_.now).value();
  }
  EXPECT_THAT(pipelined(Urgency::kCarousel, 3), ElementsAre(1, 2, 3, 4));
}

TEST_F(OrderTest, NothingOfARoundThatIsUnderWayIsDropped) {
  settings_.carousel = std::chrono::hours(24 * 29);
  ASSERT_TRUE(open());
  ship_and_send(3);
  clock_.now += std::chrono::hours(24 * 29);
  const auto first = spool_->next_due(clock_.now, Urgency::kCarousel, {}).value().value();
  const PassNames under_way{{first.sequence, first.pass}};
  ASSERT_TRUE(spool_->next_due(clock_.now, Urgency::kCarousel, under_way).value());
  clock_.now += std::chrono::hours(24 * 2);
  EXPECT_EQ(spool_->retain().value().shipments, 0U);
  spool_->mark_sent(first.sequence, first.pass, Urgency::kCarousel, clock_.now).value();
  EXPECT_EQ(spool_->retain().value().shipments, 1U) << "the second is on the wire";
}

TEST_F(OrderTest, ResendsComeInTheOrderOfAskingAndOnceEach) {
  ship_and_send(9);
  EXPECT_EQ(spool_->resend({range(7, 8), range(2, 3)}).value(), 4U);
  EXPECT_EQ(spool_->resend({range(3, 4), range(8, 8)}).value(), 1U);
  EXPECT_EQ(counters_.get(Metric::kSpoolPending), 5U);
  EXPECT_THAT(drain(), ElementsAre("r7", "r8", "r2", "r3", "r4"));
  EXPECT_EQ(counters_.get(Metric::kSpoolPending), 0U);
}

TEST_F(OrderTest, ResendsSurviveARestartInTheMiddleOfARange) {
  ship_and_send(5);
  ASSERT_TRUE(spool_->resend({range(2, 4)}));
  EXPECT_EQ(send(), 2U);
  ASSERT_TRUE(open());
  EXPECT_THAT(drain(), ElementsAre("r3", "r4"));
}

TEST_F(OrderTest, AResendGoesBetweenFreshAndRepeats) {
  settings_.passes = {std::chrono::seconds(0), std::chrono::minutes(10)};
  ASSERT_TRUE(open());
  ship_and_send(2);
  clock_.now += std::chrono::minutes(10);
  ASSERT_TRUE(spool_->resend({range(2, 2)}));
  ASSERT_TRUE(ship("files", "new", "new"));
  EXPECT_THAT(drain(), ElementsAre("f3", "r2", "r1", "r2"));  // resend, then two repeats
}

TEST_F(OrderTest, RangesThatWaitAreBounded) {
  ship_and_send(5);
  std::vector<SequenceRange> many;
  many.reserve(2 * Spool::kMaxAskedRanges);
  for (std::size_t i = 0; i < 2 * Spool::kMaxAskedRanges; ++i) {
    many.push_back(range(1 + 2 * (i % 2), 1 + 2 * (i % 2)));
  }
  EXPECT_EQ(spool_->resend(many).value(), 2U) << "the same ones again cost nothing";
}

TEST_F(OrderTest, AMillionShipmentsAreAskedForAtTheCostOfOne) {
  Asked asked;
  EXPECT_EQ(asked.add(range(1, 1'000'000)), 1'000'000U);
  EXPECT_EQ(asked.ranges(), 1U);
  EXPECT_EQ(asked.add(range(500'000, 1'500'000)), 500'000U);
  EXPECT_EQ(asked.ranges(), 2U);
  asked.remove(ShipmentSequence(1));
  EXPECT_EQ(asked.next(), ShipmentSequence(2));
  EXPECT_EQ(asked.count(), 1'499'999U);
  EXPECT_FALSE(asked.contains(ShipmentSequence(1)));
  EXPECT_LT(asked.stored().ByteSizeLong(), 100U);
}

TEST_F(OrderTest, TheCarouselGoesRoundEveryInterval) {
  settings_.carousel = std::chrono::hours(24);
  ASSERT_TRUE(open());
  ship_and_send(3);
  EXPECT_TRUE(drain().empty()) << "the first round is due a day after the spool was made";
  clock_.now += std::chrono::hours(24);
  EXPECT_THAT(drain(), ElementsAre("c1", "c2", "c3"));
  EXPECT_TRUE(drain().empty());
  clock_.now += std::chrono::hours(23);
  EXPECT_TRUE(drain().empty());
  ship_and_send(1);
  clock_.now += std::chrono::hours(1);
  EXPECT_THAT(drain(), ElementsAre("c1", "c2", "c3", "c4"));
}

TEST_F(OrderTest, ARoundGoesOnAfterARestartAndLetsOthersThrough) {
  settings_.carousel = std::chrono::hours(24);
  ASSERT_TRUE(open());
  ship_and_send(4);
  clock_.now += std::chrono::hours(24);
  EXPECT_EQ(send(), 1U);
  EXPECT_EQ(counters_.get(Metric::kCarouselLeft), 3U);
  ASSERT_TRUE(open());
  ASSERT_TRUE(spool_->resend({range(1, 1)}));
  ASSERT_TRUE(ship("files", "new", "new"));
  EXPECT_THAT(drain(), ElementsAre("f5", "r1", "c2", "c3", "c4"));
}

TEST_F(OrderTest, ResendAllBeginsARoundAtOnce) {
  ship_and_send(3);
  EXPECT_EQ(spool_->resend_all().value(), 3U);
  EXPECT_EQ(send(), 1U);
  ASSERT_TRUE(open());
  EXPECT_EQ(spool_->resend_all().value(), 3U) << "from the beginning";
  EXPECT_THAT(drain(), ElementsAre("c1", "c2", "c3"));
  EXPECT_TRUE(drain().empty());
}

TEST_F(OrderTest, AClockThatGoesBackDelaysNoRoundForLonger) {
  settings_.carousel = std::chrono::hours(24);
  ASSERT_TRUE(open());
  ship_and_send(1);
  clock_.now -= std::chrono::hours(1000);
  EXPECT_TRUE(drain().empty());
  clock_.now += std::chrono::hours(24);
  EXPECT_THAT(drain(), ElementsAre("c1"));
}

// A round neither keeps what is old nor names what is gone.
TEST_F(OrderTest, RetentionGoesOnWhileTheCarouselTurns) {
  settings_.carousel = std::chrono::hours(24 * 29);
  ASSERT_TRUE(open());
  ship_and_send(4);
  clock_.now += std::chrono::hours(24 * 29);
  ship_and_send(1);
  const OutgoingPass in_hand = due();
  EXPECT_EQ(in_hand.sequence, ShipmentSequence(1));
  clock_.now += std::chrono::hours(24 * 2);
  EXPECT_EQ(spool_->retain().value().shipments, 0U) << "what is being sent stays";
  spool_->mark_sent(in_hand.sequence, in_hand.pass, in_hand.urgency, clock_.now).value();
  EXPECT_EQ(spool_->retain().value().shipments, 4U) << "a round is no sending that keeps it";
  EXPECT_EQ(spool_->oldest_held(), ShipmentSequence(5));
  EXPECT_THAT(drain(), ElementsAre("c5"));
}

}  // namespace
}  // namespace sluice::low
