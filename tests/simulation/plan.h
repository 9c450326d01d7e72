// What a seed decides beforehand: sizes and limits of both sides, and which kinds of trouble there
// will be. Each seed leaves some kinds out, so that the others are met in more depth.
#pragma once

#include "tests/simulation/high_side.h"
#include "tests/simulation/low_side.h"

namespace sluice::sim {

struct Plan {
  static constexpr const char* kStream = "lab-low";

  std::uint64_t steps = 0;  // with trouble; then comes the calm
  std::size_t registries = 1;
  LowSettings low;
  HighSettings high;
  UpstreamFaults upstream;
  test::LinkFaults link;

  bool changing_weather = false;
  bool silence = false;
  bool replays = false;
  bool forgeries = false;
  bool send_failures = false;
  bool restarts = false;
  bool crashes = false;
  bool power_failures = false;
  bool full_disks = false;
  bool disk_errors = false;
  bool rot = false;
  bool clock_steps = false;
};

// Without `streams`, which need keys.
Plan draw_plan(Random& random);
test::LinkFaults draw_weather(Random& random);

}  // namespace sluice::sim
