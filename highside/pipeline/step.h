// A stage that has a thread can also be driven without it: the thread's loop is "wait for work,
// step()", and whoever calls step() himself, as the simulation does, runs the same code one unit of
// work at a time.
#pragma once

namespace sluice::high {

enum class Step {
  kIdle,     // there was nothing to do
  kWorked,   // one unit of work is done
  kStalled,  // what comes next cannot be done now, for a reason that may go away: try again later
};

}  // namespace sluice::high
