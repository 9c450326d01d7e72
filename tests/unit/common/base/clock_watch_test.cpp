#include "common/base/clock_watch.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class SteppingClock final : public Clock {
 public:
  UtcTime utc_now() const override { return UtcTime(hours(500'000) + passed + stepped); }
  SteadyTime steady_now() const override { return SteadyTime(passed); }
  seconds passed{0};
  seconds stepped{0};
};

TEST(ClockWatch, SettlesWhenTheClockHasRunForAnHour) {
  SteppingClock clock;
  ClockWatch watch(clock);
  for (int i = 0; i < 11; ++i) {
    clock.passed += minutes(5);
    EXPECT_EQ(watch.look(), seconds(0));
    EXPECT_FALSE(watch.settled());
  }
  clock.passed += minutes(5);
  clock.stepped += seconds(59);  // slewed
  EXPECT_EQ(watch.look(), seconds(0));
  EXPECT_TRUE(watch.settled());
}

TEST(ClockWatch, AStepEitherWayBeginsAnew) {
  SteppingClock clock;
  ClockWatch watch(clock);
  for (const seconds step : {seconds(hours(24 * 366 * 400)), -seconds(hours(3)), seconds(61)}) {
    clock.passed += hours(1);
    EXPECT_EQ(watch.look(), seconds(0));
    EXPECT_TRUE(watch.settled());
    clock.stepped += step;
    EXPECT_EQ(watch.look(), step);
    EXPECT_FALSE(watch.settled());
  }
}

}  // namespace
}  // namespace sluice
