// What crosses a link that loses, repeats, delays and spoils.
#include <gtest/gtest.h>

#include "tests/support/link_rig.h"

namespace sluice::high {
namespace {

using observe::Metric;
using test::LinkRig;

class Crossing : public testing::TestWithParam<std::size_t> {};

TEST_P(Crossing, EveryBlockArrivesOverAGoodLink) {
  LinkRig rig({.mtu = GetParam()});
  rig.send_blocks(20);
  rig.expect_all_arrived_but_lost();
  EXPECT_TRUE(rig.received.losses.empty());
  EXPECT_GE(rig.received.blocks.size(), 20U);
  EXPECT_EQ(rig.high(Metric::kRecoveredBlocks), rig.received.blocks.size());
  EXPECT_EQ(rig.high(Metric::kRecoveredSymbols), 0U);
}

TEST_P(Crossing, LossReorderingAndDuplicationCostNothing) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    LinkRig rig({.seed = seed,
                 .mtu = GetParam(),
                 .faults = {.loss = 0.01, .duplicate = 0.01, .reorder = 0.01}});
    rig.send_blocks(40);
    rig.link.flush();
    rig.deliver();
    rig.expect_all_arrived_but_lost();
    EXPECT_TRUE(rig.received.losses.empty()) << "seed " << seed;
    EXPECT_GT(rig.high(Metric::kRecoveredSymbols), 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(Mtu, Crossing, testing::Values(1500, 9000));

}  // namespace
}  // namespace sluice::high
