// A lane's memory: any sender is taken that fits it, one that does not is told with the cure.
#include <gtest/gtest.h>

#include "tests/support/link_rig.h"

namespace sluice::high {
namespace {

using observe::Metric;
using test::LinkRig;

fec::Geometry block_of(std::uint32_t bytes) {
  return {.block_bytes = bytes, .symbol_bytes = 1400, .max_data = 64, .parity = 8};
}

TEST(DecoderPool, HoldsItsLimitWhateverIsTakenAndGivenBack) {
  constexpr std::size_t kLimit = 10'000'000;
  DecoderPool pool(kLimit);
  std::mt19937_64 random(1);
  std::vector<std::pair<std::unique_ptr<fec::Decoder>, fec::Geometry>> taken;
  std::size_t refused = 0;
  const Bytes symbol(1400);
  for (int i = 0; i < 2000; ++i) {
    if (!taken.empty() && random() % 2 == 0) {
      auto& [decoder, geometry] = taken[random() % taken.size()];
      std::swap(decoder, taken.back().first);
      std::swap(geometry, taken.back().second);
      pool.give_back(std::move(taken.back().first), taken.back().second);
      taken.pop_back();
    } else {
      const fec::Geometry geometry = block_of(static_cast<std::uint32_t>(1 + random() % 3'000'000));
      auto decoder = pool.take(geometry);
      refused += decoder == nullptr ? 1 : 0;
      if (decoder != nullptr) {
        for (std::uint32_t n = 0; n < geometry.total_symbols(); n += 1 + n % 3) {
          decoder->add(n, symbol);
        }
        EXPECT_LE(decoder->kept_bytes(), geometry.decoder_bytes());
        taken.emplace_back(std::move(decoder), geometry);
      }
    }
    ASSERT_LE(pool.bytes(), kLimit);
  }
  EXPECT_GT(refused, 10U);
  EXPECT_FALSE(pool.ever_fits(block_of(10'000'000)));
}

TEST(LaneMemory, WhatTheSendersWindowNeedsIsEnoughAndNothingIsTold) {
  LinkRig rig({.faults = {.loss = 0.01, .reorder = 0.05}});
  rig.receive.lane_memory =
      (rig.transmit.window + 2) * rig.transmit.geometry(rig.transmit.block_bytes).decoder_bytes();
  rig.start_receiver();
  rig.send_blocks(40);
  rig.run_for(std::chrono::seconds(3));
  rig.expect_all_arrived_but_lost();
  EXPECT_TRUE(rig.lost().empty());
  EXPECT_EQ(rig.high(Metric::kRejectNoMemory), 0U);
}

// Lost blocks give way to new ones: that is no want of memory.
TEST(LaneMemory, BlocksThatWereLostMakeRoom) {
  LinkRig rig;
  rig.receive = {};
  rig.receive.lane_memory =
      (rig.transmit.window + 2) * rig.transmit.geometry(rig.transmit.block_bytes).decoder_bytes();
  rig.start_receiver();
  rig.link.drop_if([](ByteView datagram) {
    const auto header = test::symbol_header(datagram);
    return header && header->block.value() % 2 == 0 && header->ordinal % 3 == 0;
  });
  rig.send_blocks(60);
  rig.run_for(std::chrono::seconds(3));
  rig.expect_all_arrived_but_lost();
  EXPECT_GT(rig.lost().size(), 25U);
  EXPECT_EQ(rig.high(Metric::kRejectNoMemory), 0U);
  EXPECT_TRUE(rig.events.named("link.memory_short").empty());
}

TEST(LaneMemory, ASenderThatNeedsMoreIsNamedWithTheCureAndItsBlocksAreNamed) {
  LinkRig rig;
  rig.receive = {};
  rig.receive.lane_memory =
      2 * rig.transmit.geometry(rig.transmit.block_bytes).decoder_bytes();  // the window is 4
  rig.start_receiver();
  rig.send_blocks(40);
  rig.run_for(std::chrono::seconds(3));
  rig.expect_all_arrived_but_lost();
  EXPECT_GT(rig.lost().size(), 10U);
  EXPECT_GT(rig.high(Metric::kRejectNoMemory), 0U);
  ASSERT_EQ(rig.events.named("link.memory_short").size(), 1U);
}

TEST(LaneMemory, ALaneWithoutAnyLosesItsBlocksByName) {
  LinkRig rig;
  rig.receive = {};
  rig.receive.lanes = 0;
  rig.start_receiver();
  rig.send_blocks(5);
  rig.run_for(std::chrono::seconds(3));
  rig.expect_all_arrived_but_lost();
  EXPECT_EQ(rig.lost().size(), rig.sent.size());
  EXPECT_EQ(rig.events.named("link.memory_short").size(), 1U);
}

}  // namespace
}  // namespace sluice::high
