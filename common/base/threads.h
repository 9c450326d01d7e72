// Threads that are begun while the program runs: one that cannot be had, because the unit's
// TasksMax= or its memory is used up, is no reason to die.
#pragma once

#include <future>
#include <system_error>
#include <thread>
#include <utility>

#include "common/base/error.h"

namespace sluice {

// Runs `work` beside the caller on a thread of its own; where none can be had, within the future's
// get() or wait(). The caller asks for every result: one that is dropped may be of work that was
// never begun.
template <class Work>
auto run_beside(Work work) {
  try {
    return std::async(std::launch::async, work);
  } catch (const std::system_error&) {
    return std::async(std::launch::deferred, std::move(work));
  }
}

// `thing` is what the thread would do, for the error: kExhausted, with `thread` as it was.
template <class Work>
Result<void> start_thread(std::jthread& thread, std::string thing, Work work) {
  try {
    thread = std::jthread(std::move(work));
    return {};
  } catch (const std::system_error& refused) {
    return Error{ErrorCode::kExhausted, std::move(thing),
                 std::string("no thread can be had: ") + refused.what(),
                 "raise the unit's TasksMax=, or free memory"};
  }
}

}  // namespace sluice
