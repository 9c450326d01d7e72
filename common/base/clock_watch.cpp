#include "common/base/clock_watch.h"

namespace sluice {

ClockWatch::ClockWatch(const Clock& clock)
    : clock_(clock), last_utc_(clock.utc_now()), last_(clock.steady_now()), since_(last_) {}

std::chrono::seconds ClockWatch::look() {
  const UtcTime utc = clock_.utc_now();
  const SteadyTime now = clock_.steady_now();
  // In microseconds: 300 years in nanoseconds overflow.
  const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(now - last_);
  const auto step = std::chrono::duration_cast<std::chrono::seconds>(utc - last_utc_ - passed);
  last_utc_ = utc;
  last_ = now;
  if (std::chrono::abs(step) < kStep) {
    return {};
  }
  since_ = now;
  return step;
}

}  // namespace sluice
