#include "common/base/clock_watch.h"

namespace sluice {

ClockWatch::ClockWatch(const Clock& clock)
    : clock_(clock), last_utc_(clock.utc_now()), last_(clock.steady_now()), since_(last_) {}

std::chrono::seconds ClockWatch::look() {
  const UtcTime utc = clock_.utc_now();
  const SteadyTime now = clock_.steady_now();
  const auto step =
      std::chrono::duration_cast<std::chrono::seconds>((utc - last_utc_) - (now - last_));
  last_utc_ = utc;
  last_ = now;
  if (std::chrono::abs(step) < kStep) {
    return {};
  }
  since_ = now;
  return step;
}

}  // namespace sluice
