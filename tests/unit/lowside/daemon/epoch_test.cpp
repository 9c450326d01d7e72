#include "lowside/daemon/epoch.h"

#include <gtest/gtest.h>

#include "tests/support/memory_store.h"

namespace sluice::low {
namespace {

class SetClock final : public Clock {
 public:
  UtcTime utc_now() const override { return UtcTime(now); }
  SteadyTime steady_now() const override { return {}; }
  std::chrono::seconds now{1'800'000'000};
};

TEST(NextEpoch, FollowsTheClockAndNeverGoesBackWithIt) {
  test::MemoryStore index;
  SetClock clock;
  EXPECT_EQ(next_epoch(index, clock).value(), Epoch(1'800'000'000));
  EXPECT_EQ(next_epoch(index, clock).value(), Epoch(1'800'000'001));
  clock.now -= std::chrono::hours(24);
  EXPECT_EQ(next_epoch(index, clock).value(), Epoch(1'800'000'002));
  clock.now += std::chrono::hours(48);
  EXPECT_EQ(next_epoch(index, clock).value(), Epoch(1'800'086'400));
}

// The session begins as soon as it returns: the high side may know that epoch before the disk does.
TEST(NextEpoch, IsDurableWhenItReturns) {
  test::MemoryStore index;
  SetClock clock;
  const Epoch begun = next_epoch(index, clock).value();
  index.crash(test::MemoryStore::Loss::kAll);
  clock.now -= std::chrono::hours(24);
  EXPECT_GT(next_epoch(index, clock).value(), begun);
}

// A replay is told from the newest by its number alone.
TEST(NextBundle, GrowsWithinASecondAndWhenTheClockJumpsBack) {
  test::MemoryStore index;
  SetClock clock;
  std::uint64_t last = next_bundle(index, clock).value();
  EXPECT_EQ(last, 1'800'000'000U);
  for (const int hours : {0, 0, -24, 0, 48}) {
    clock.now += std::chrono::hours(hours);
    index.crash(test::MemoryStore::Loss::kAll);
    const std::uint64_t next = next_bundle(index, clock).value();
    EXPECT_GT(next, last);
    last = next;
  }
  EXPECT_EQ(last, 1'800'086'400U);
  EXPECT_EQ(next_epoch(index, clock).value(), Epoch(1'800'086'400));  // counts for itself
}

}  // namespace
}  // namespace sluice::low
