// Lanes that die, receivers that come late or are killed over and over, a sender killed in the
// middle of a block: all end with the same catalog.
#include <gtest/gtest.h>

#include "tests/survival/cases.h"

namespace sluice::survival {
namespace {

using observe::Metric;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Link kLink{.rate = 50'000'000, .outage = milliseconds(5)};
constexpr Link kLanes{.rate = 60'000'000, .outage = milliseconds(5), .lanes = 3};

PairSettings settings(const Link& link, std::uint64_t seed = 1) {
  return {.seed = seed, .transmit = link.transmit(), .lanes = link.lanes, .faults = {}};
}

void ship(Pair& pair) {
  pair.ship({1'000'000, 0, 50, 80'000});
  pair.ship(std::vector<std::size_t>(30, 3'000));
  pair.ship({700'000});
}

void expect_all_visible(const Pair& pair) {
  EXPECT_EQ(pair.check(), "");
  EXPECT_EQ(pair.visible(), pair.shipped());
  EXPECT_TRUE(pair.gaps().empty());
}

// The kernel refuses a lane's sends: its cable is out.
TEST(LaneThatFails, LeavesItsWorkToTheOthers) {
  Pair pair(settings(kLanes));
  pair.run_for(seconds(1));
  ship(pair);
  pair.run_for(milliseconds(100));  // blocks of every lane are under way
  pair.fail_lane(1, true);
  pair.send_all(seconds(60));
  EXPECT_TRUE(pair.transmission().status().open.empty()) << "it waits for the lane";
  ASSERT_EQ(pair.transmission().status().given_up.size(), 1U);
  EXPECT_EQ(pair.low_events().named("link.lane_given_up").size(), 1U);
  EXPECT_EQ(pair.low(Metric::kLanesFailing), 1U);
  EXPECT_GT(pair.low(Metric::kMovedBlocks), 0U);
  pair.run_for(seconds(6));
  expect_all_visible(pair);
  EXPECT_EQ(pair.high_events().named("link.lane_silent").size(), 1U);

  pair.fail_lane(1, false);
  pair.run_for(seconds(3));
  EXPECT_TRUE(pair.transmission().status().given_up.empty());
  EXPECT_EQ(pair.high_events().named("link.lane_alive").size(), 1U);
  EXPECT_EQ(pair.high(Metric::kLanesSilent), 0U);
  ship(pair);
  pair.send_all(seconds(60));
  pair.run_for(seconds(3));
  expect_all_visible(pair);
}

TEST(LaneThatFails, IsWaitedForWhereThereIsNoOther) {
  Pair pair(settings(kLink));
  pair.run_for(seconds(1));
  ship(pair);
  pair.fail_lane(0, true);
  pair.run_for(std::chrono::minutes(10));
  EXPECT_TRUE(pair.transmission().status().given_up.empty());
  pair.fail_lane(0, false);
  pair.send_all(seconds(60));
  pair.run_for(seconds(3));
  expect_all_visible(pair);
}

TEST(LaneThatFails, ForAMomentKeepsItsBlocks) {
  Pair pair(settings(kLanes));
  pair.run_for(seconds(1));
  ship(pair);
  pair.run_for(milliseconds(100));
  pair.fail_lane(2, true);
  pair.run_for(seconds(3));
  pair.fail_lane(2, false);
  pair.send_all(seconds(60));
  pair.run_for(seconds(3));
  expect_all_visible(pair);
  EXPECT_EQ(pair.low(Metric::kMovedBlocks), 0U);
  EXPECT_EQ(pair.high(Metric::kLostBlocks), 0U);
}

// The sender cannot know of it: what the lane carried is named, and the next pass sends it by
// another lane, while that one still loses everything.
TEST(LaneThatVanishes, IsMadeGoodByTheNextPassOverTheOthers) {
  Pair pair(settings(kLanes));
  pair.run_for(seconds(1));
  pair.set_outage([](SteadyTime, ByteView datagram) { return datagram[5] == 1; });
  ship(pair);
  pair.send_all(seconds(60));
  pair.run_for(seconds(6));
  EXPECT_EQ(pair.check(), "");
  EXPECT_LT(pair.visible(), pair.shipped());
  EXPECT_GT(pair.high(Metric::kLostBlocks), 0U);
  EXPECT_EQ(pair.high_events().named("link.lane_silent").size(), 1U);
  pair.resend_gaps();
  expect_all_visible(pair);
}

TEST(Receiver, ThatStartsAnHourLateHasEverythingAfterOneResend) {
  Pair pair(settings(kLink));
  pair.stop_high();
  ship(pair);
  pair.send_all();
  pair.run_for(std::chrono::hours(1));
  pair.restart_high();
  pair.run_for(seconds(4));
  EXPECT_EQ(pair.check(), "");
  EXPECT_EQ(pair.visible(), 0U);
  pair.resend_gaps();
  expect_all_visible(pair);
}

TEST(Receiver, ThatIsKilledOverAndOverHasEverythingAfterOneResend) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Pair pair(settings(kLink, seed));
    for (int round = 0; round < 3; ++round) {
      ship(pair);
    }
    for (int kills = 0; kills < 12; ++kills) {
      pair.run_for(milliseconds(97 + 130 * static_cast<int>(seed)));
      pair.restart_high();
    }
    pair.send_all();
    pair.run_for(seconds(4));
    EXPECT_EQ(pair.check(), "");
    pair.resend_gaps();
    expect_all_visible(pair);
  }
}

TEST(Sender, ThatIsKilledInTheMiddleOfABlockSendsItsPassAgain) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Pair pair(settings(kLink, seed));
    ship(pair);
    for (int kills = 0; kills < 8; ++kills) {
      pair.run_for(milliseconds(313 + 41 * static_cast<int>(seed)));
      pair.restart_low();
    }
    pair.send_all();
    pair.run_for(seconds(4));
    expect_all_visible(pair);
  }
}

}  // namespace
}  // namespace sluice::survival
