#include "highside/assemble/keeper.h"

#include "highside/pipeline/stage_timer.h"

namespace sluice::high {

void Keeper::start() {
  SLUICE_ASSERT(!thread_.joinable());
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Keeper::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
}

void Keeper::save(Progress progress, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  jobs_.emplace_back(Save{std::move(progress), bytes});
  changed_.notify_all();
}

void Keeper::finish(CompleteBlob blob) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return waiting_files_ < kMaxWaiting || stalled_ || stopping_; });
  waiting_files_ += blob.file != nullptr ? 1 : 0;
  jobs_.emplace_back(std::move(blob));
  changed_.notify_all();
}

void Keeper::set_stalled(bool stalled) {
  const std::lock_guard lock(mutex_);
  stalled_ = stalled;
  changed_.notify_all();
}

std::size_t Keeper::waiting_files() const {
  const std::lock_guard lock(mutex_);
  return waiting_files_;
}

void Keeper::run(const std::stop_token& stop) {
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) {
      return;
    }
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    if (const auto* const blob = std::get_if<CompleteBlob>(&job)) {
      waiting_files_ -= blob->file != nullptr ? 1 : 0;
    }
    changed_.notify_all();
    lock.unlock();
    const StageTimer timer(counters_, observe::Metric::kAssembleNanos);
    if (auto* const save = std::get_if<Save>(&job)) {
      perform(*save);
    } else {
      perform(std::get<CompleteBlob>(job), stop);
    }
  }
}

void Keeper::perform(Save& job) {
  hooks_.saved(job.progress.digest, job.bytes, progress_.save(job.progress));
}

void Keeper::perform(CompleteBlob& job, const std::stop_token& stop) {
  Result<void> done = Error{ErrorCode::kCancelled, job.progress.digest.hex(), "stopping", ""};
  if (!stop.stop_requested()) {
    done = hooks_.finish(job, stop);
  }
  if (!done && !job.saved) {
    hooks_.saved(job.progress.digest, 0, progress_.save(job.progress));
  }
}

}  // namespace sluice::high
