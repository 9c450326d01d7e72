#include "lowside/transmit/compression_gate.h"

#include <gtest/gtest.h>

namespace sluice::low {
namespace {

TEST(CompressionGate, ClosesWhenTheWireWaitsForABlockThatFollowsAnother) {
  CompressionGate gate;
  EXPECT_TRUE(gate.open());
  gate.begin_block();
  gate.wire_waits();
  EXPECT_TRUE(gate.open()) << "the first one was waited for: nothing was due before it";
  gate.begin_block();
  gate.wire_waits();
  EXPECT_FALSE(gate.open());
  gate.begin_block();
  EXPECT_FALSE(gate.open()) << "until a lane is full";
}

TEST(CompressionGate, OpensWhenALaneIsFull) {
  CompressionGate gate;
  gate.begin_block();
  gate.begin_block();
  gate.wire_waits();
  gate.lane_full();
  EXPECT_TRUE(gate.open());
  gate.begin_block();
  gate.wire_waits();
  EXPECT_FALSE(gate.open()) << "what is built when there is room again follows what came before";
}

TEST(CompressionGate, OpensWhenNothingIsLeft) {
  CompressionGate gate;
  gate.begin_block();
  gate.begin_block();
  gate.wire_waits();
  gate.nothing_left();
  EXPECT_TRUE(gate.open());
  gate.wire_waits();
  EXPECT_TRUE(gate.open()) << "a wire that waits for nothing";
  gate.begin_block();
  gate.wire_waits();
  EXPECT_TRUE(gate.open());
}

}  // namespace
}  // namespace sluice::low
