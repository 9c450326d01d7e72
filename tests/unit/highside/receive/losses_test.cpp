// Every block arrives or is named, once.
#include <gtest/gtest.h>

#include "tests/support/link_rig.h"

namespace sluice::high {
namespace {

using observe::Metric;
using test::LinkRig;
using Numbers = std::vector<std::uint64_t>;

// Drops what belongs to one of these blocks, from the ordinal on.
void erase(LinkRig& rig, std::set<std::uint64_t> blocks, std::uint32_t from = 0) {
  rig.link.drop_if([blocks = std::move(blocks), from](ByteView datagram) {
    const auto header = test::symbol_header(datagram);
    return header && blocks.contains(header->block.value()) && header->ordinal >= from;
  });
}

TEST(Losses, BlocksWithTooFewSymbolsAreNamedExactly) {
  LinkRig rig;
  erase(rig, {3, 7, 8, 9, 15}, 10);
  rig.send_blocks(30);
  rig.run_for(std::chrono::seconds(3));
  rig.expect_all_arrived_but_lost();
  EXPECT_EQ(rig.lost(), (Numbers{3, 7, 8, 9, 15}));
  EXPECT_EQ(rig.high(Metric::kLostBlocks), 5U);
}

TEST(Losses, BlocksOfWhichNothingArrivedAreNamedInOneRange) {
  LinkRig rig;
  std::set<std::uint64_t> all;
  for (std::uint64_t number = 5; number < 45; ++number) {
    all.insert(number);
  }
  erase(rig, all);
  rig.send_blocks(60);
  rig.run_for(std::chrono::seconds(3));
  rig.expect_all_arrived_but_lost();
  EXPECT_EQ(rig.lost().size(), 40U);
  // A jump over the whole window: what lies before it and what the window held.
  EXPECT_LE(rig.received.losses.size(), 9U);
  EXPECT_EQ(rig.received.losses.front().first.number, BlockNumber(5));
}

TEST(Losses, TheFirstBlocksOfASessionAreNamed) {
  LinkRig rig;
  erase(rig, {0, 1});
  rig.send_blocks(20);
  EXPECT_EQ(rig.lost(), (Numbers{0, 1}));
  rig.expect_all_arrived_but_lost();
}

TEST(Losses, ALostTailIsNoticedByHeartbeatAndGrace) {
  LinkRig rig;
  erase(rig, {19, 20, 21});
  rig.send_blocks(20);
  EXPECT_TRUE(rig.received.losses.empty()) << "the sender may still be at it";
  rig.run_for(std::chrono::seconds(2));
  rig.expect_all_arrived_but_lost();
  EXPECT_FALSE(rig.lost().empty());
  EXPECT_EQ(rig.lost().front(), 19U);
}

TEST(Losses, AWholeShipmentThatVanishedIsNoticed) {
  LinkRig rig;
  rig.run_for(std::chrono::seconds(2));
  rig.link.drop_if([](ByteView datagram) { return test::symbol_header(datagram).has_value(); });
  rig.send_blocks(5);
  rig.link.drop_if({});
  rig.run_for(std::chrono::seconds(3));
  EXPECT_EQ(rig.lost().size(), rig.sent.size());
  rig.expect_all_arrived_but_lost();
}

TEST(Losses, SilenceEndsWhatHasBegun) {
  LinkRig rig;
  rig.run_for(std::chrono::seconds(2));
  EXPECT_EQ(rig.high(Metric::kLinkAlive), 1U);
  erase(rig, {5}, 20);
  rig.send_blocks(6);
  rig.link.drop_if([](ByteView) { return true; });  // the cable is out
  rig.run_for(std::chrono::seconds(5));
  EXPECT_EQ(rig.high(Metric::kLinkAlive), 0U);
  EXPECT_EQ(rig.events.named("link.silent").size(), 1U);
  EXPECT_EQ(rig.lost(), (Numbers{5}));
  rig.link.drop_if({});
  rig.run_for(std::chrono::seconds(2));
  EXPECT_EQ(rig.high(Metric::kLinkAlive), 1U);
  EXPECT_EQ(rig.events.named("link.alive").size(), 2U);
  rig.send_blocks(6);
  rig.expect_all_arrived_but_lost();
  EXPECT_EQ(rig.lost(), (Numbers{5}));
}

TEST(Losses, SaysOnceThatNothingWasEverHeard) {
  LinkRig rig;
  rig.link.drop_if([](ByteView) { return true; });
  rig.run_for(std::chrono::seconds(20));
  EXPECT_EQ(rig.events.named("link.silent").size(), 1U);
}

TEST(Losses, HeavyLossLosesSomeAndNamesThem) {
  std::uint64_t lost = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    LinkRig rig({.seed = seed, .faults = {.loss = 0.12, .duplicate = 0.05, .reorder = 0.05}});
    rig.send_blocks(60);
    rig.link.set_faults({});
    rig.link.flush();
    rig.run_for(std::chrono::seconds(3));
    rig.expect_all_arrived_but_lost();
    lost += rig.lost().size();
  }
  EXPECT_GT(lost, 0U);
}

TEST(Losses, TheStatusCountsThem) {
  LinkRig rig;
  erase(rig, {2}, 30);
  rig.send_blocks(12);
  rig.run_for(std::chrono::seconds(2));
  const LinkStatus status = rig.reader->status();
  ASSERT_EQ(status.streams.size(), 1U);
  const LinkStreamStatus& stream = status.streams[0];
  EXPECT_TRUE(stream.alive);
  EXPECT_EQ(stream.session.value(), rig.session());
  EXPECT_EQ(stream.lost_blocks, 1U);
  EXPECT_EQ(stream.recovered_blocks, rig.sent.size() - 1);
  ASSERT_EQ(stream.lanes.size(), 1U);
  EXPECT_EQ(stream.lanes[0].missing_datagrams, rig.link.account().dropped);
  EXPECT_EQ(stream.lanes[0].collecting, 0U);
  EXPECT_EQ(stream.lanes[0].settled.value(), rig.sent.size());
}

}  // namespace
}  // namespace sluice::high
