// The clock of one side: virtual time that only the simulation moves, and a date that may step.
#pragma once

#include "tests/support/manual_clock.h"

namespace sluice::sim {

class SideClock final : public Clock {
 public:
  explicit SideClock(const Clock& time) : time_(time) {}
  UtcTime utc_now() const override { return time_.utc_now() + offset_; }
  SteadyTime steady_now() const override { return time_.steady_now(); }
  void step_date(std::chrono::microseconds by) { offset_ += by; }

 private:
  const Clock& time_;
  std::chrono::microseconds offset_{0};
};

}  // namespace sluice::sim
