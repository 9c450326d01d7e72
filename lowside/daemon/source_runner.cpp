#include "lowside/daemon/source_runner.h"

namespace sluice::low {

SourceRunner::SourceRunner(std::unique_ptr<Upstream> upstream, const RunnerParts& parts,
                           std::filesystem::path work, SourcePattern pattern)
    : source_(std::move(upstream), parts, std::move(work), std::move(pattern)) {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void SourceRunner::poll_soon() {
  {
    const std::lock_guard lock(mutex_);
    poll_asked_ = true;
  }
  wake_.notify_all();
}

void SourceRunner::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      const std::lock_guard lock(mutex_);
      poll_asked_ = false;
    }
    const std::chrono::seconds pause = source_.poll(stop);
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, pause, [this] { return poll_asked_; });
  }
}

}  // namespace sluice::low
