// A clock that stands still until it is told otherwise.
#pragma once

#include <algorithm>
#include <atomic>

#include "common/base/clock.h"

namespace sluice::test {

// Callable from any thread.
class ManualClock final : public Clock {
 public:
  UtcTime utc_now() const override {
    return kUtcStart + std::chrono::duration_cast<std::chrono::microseconds>(passed());
  }
  SteadyTime steady_now() const override { return kSteadyStart + passed(); }

  void advance(std::chrono::nanoseconds by) { passed_ += by.count(); }
  // Never back.
  void advance_to(SteadyTime time) {
    advance(std::max(std::chrono::nanoseconds(0), time - steady_now()));
  }

 private:
  static constexpr UtcTime kUtcStart{std::chrono::seconds(1'700'000'000)};
  static constexpr SteadyTime kSteadyStart{std::chrono::hours(1)};
  std::chrono::nanoseconds passed() const { return std::chrono::nanoseconds(passed_.load()); }

  std::atomic<std::int64_t> passed_{0};
};

}  // namespace sluice::test
