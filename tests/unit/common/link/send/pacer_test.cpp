#include "common/link/send/pacer.h"

#include <gtest/gtest.h>

namespace sluice::link {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr SteadyTime kStart{std::chrono::seconds(100)};

TEST(Pacer, CountsWhatOccupiesTheWire) {
  Pacer pacer(1'000'000'000, false, kStart);
  EXPECT_LE(pacer.due(), kStart);
  pacer.sent(1, 1472, kStart);  // 1472 + 28 + 38 bytes at 8 ns
  EXPECT_EQ(pacer.due(), kStart + nanoseconds(1538 * 8));
  Pacer wide(1'000'000'000, true, kStart);
  wide.sent(10, 14520, kStart);
  EXPECT_EQ(wide.due(), kStart + nanoseconds((14520 + 10 * 86) * 8));
}

TEST(Pacer, HoldsTheRateOverManyRuns) {
  Pacer pacer(500'000'000, false, kStart);
  SteadyTime now = kStart;
  const SteadyTime end = kStart + std::chrono::seconds(1);
  std::uint64_t wire_bits = 0;
  while (now < end) {
    pacer.sent(20, 20 * 1472, now);
    wire_bits += 20 * (1472 + 66) * 8;
    now = std::max(now, pacer.due()) + microseconds(30);  // every wake-up is late
  }
  EXPECT_NEAR(static_cast<double>(wire_bits), 500e6, 1e6);
}

TEST(Pacer, CatchesUpByOneMillisecondOnly) {
  Pacer pacer(1'000'000'000, false, kStart);
  const SteadyTime late = kStart + std::chrono::seconds(5);
  std::size_t burst = 0;
  while (pacer.due() <= late) {
    pacer.sent(1, 1472, late);
    burst += 1538;
  }
  EXPECT_LE(burst, 125'000U + 1538U);
  EXPECT_GE(burst, 125'000U);
}

TEST(Pacer, RunsAreShortWhenTheRateIsLow) {
  EXPECT_EQ(Pacer(1'000'000, false, kStart).run(1472, 44), 1U);
  EXPECT_EQ(Pacer(100'000'000, false, kStart).run(1472, 44), 8U);
  EXPECT_EQ(Pacer(10'000'000'000, false, kStart).run(1472, 44), 44U);
}

}  // namespace
}  // namespace sluice::link
