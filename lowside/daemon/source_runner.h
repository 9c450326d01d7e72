// Polls one source again and again on a thread of its own.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "lowside/daemon/source_poll.h"

namespace sluice::low {

class SourceRunner {
 public:
  // Starts polling at once.
  SourceRunner(std::unique_ptr<Upstream> upstream, const RunnerParts& parts,
               std::filesystem::path work, SourcePattern pattern);
  // Asks a poll under way to stop and waits for it.
  ~SourceRunner() = default;

  // Does not wait for the interval to pass. A poll under way is followed by another.
  void poll_soon();
  SourceStatus status() const { return source_.status(); }

 private:
  void run(const std::stop_token& stop);

  SourcePoll source_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  bool poll_asked_ = true;  // guarded by mutex_
  std::jthread thread_;     // last: it uses all of the above
};

}  // namespace sluice::low
