// Adds the processor time that the calling thread spends in a scope to a counter.
#pragma once

#include <ctime>

#include "common/observe/counters.h"

namespace sluice::high {

class StageTimer {
 public:
  StageTimer(observe::Counters& counters, observe::Metric metric)
      : counters_(counters), metric_(metric), started_(now()) {}
  StageTimer(const StageTimer&) = delete;
  StageTimer& operator=(const StageTimer&) = delete;
  ~StageTimer() { counters_.add(metric_, now() - started_); }

 private:
  // The time of this thread alone, so that waiting and other threads do not count.
  static std::uint64_t now() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U +
           static_cast<std::uint64_t>(time.tv_nsec);
  }

  observe::Counters& counters_;
  observe::Metric metric_;
  std::uint64_t started_;
};

}  // namespace sluice::high
