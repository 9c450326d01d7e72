// Sees that a clock of the day has stepped, and whether it can be relied on for ages: of what was
// sent, of the audit trail.
#pragma once

#include <chrono>

#include "common/base/clock.h"

namespace sluice {

// One thread at a time.
class ClockWatch {
 public:
  // A clock that starts wrong is commonly corrected within minutes; one that steps, again.
  static constexpr std::chrono::hours kSettles{1};
  // Less than this is no step but a clock that is being slewed, or this program that was held up.
  static constexpr std::chrono::minutes kStep{1};

  explicit ClockWatch(const Clock& clock);

  // How far the clock has stepped since the last look; 0 if it has not. To be called regularly.
  std::chrono::seconds look();
  // True when it has run for kSettles without a step.
  bool settled() const { return last_ - since_ >= kSettles; }

 private:
  const Clock& clock_;
  UtcTime last_utc_;
  SteadyTime last_;
  SteadyTime since_;  // the start or the last step
};

}  // namespace sluice
