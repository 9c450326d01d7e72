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
  if (std::exchange(stalled_, stalled) != stalled) {
    changed_.notify_all();
  }
}

std::size_t Keeper::waiting_files() const {
  const std::lock_guard lock(mutex_);
  return waiting_files_;
}

void Keeper::run(const std::stop_token& stop) {
  for (;;) {
    switch (step(stop)) {
      case Step::kIdle: {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stopping_ || !jobs_.empty(); });
        if (jobs_.empty()) {
          return;
        }
        break;
      }
      case Step::kWorked:
        break;
      case Step::kStalled: {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, stop, kRetryEvery, [] { return false; });
        break;
      }
    }
  }
}

Step Keeper::step(const std::stop_token& stop) {
  if (!in_hand_ && !take_job()) {
    return Step::kIdle;
  }
  const StageTimer timer(counters_, observe::Metric::kAssembleNanos);
  const Step step = std::visit([&](auto& job) { return perform(job, stop); }, *in_hand_);
  if (step != Step::kStalled) {
    in_hand_.reset();
  }
  set_stalled(step == Step::kStalled);
  return step;
}

bool Keeper::take_job() {
  const std::lock_guard lock(mutex_);
  if (jobs_.empty()) {
    return false;
  }
  in_hand_ = std::move(jobs_.front());
  jobs_.pop_front();
  if (const auto* const blob = std::get_if<CompleteBlob>(&*in_hand_)) {
    waiting_files_ -= blob->file != nullptr ? 1 : 0;
  }
  changed_.notify_all();
  return true;
}

Step Keeper::perform(Save& job, const std::stop_token& /*stop*/) {
  hooks_.saved(job.progress.digest, job.bytes, progress_.save(job.progress));
  return Step::kWorked;
}

Step Keeper::perform(CompleteBlob& job, const std::stop_token& stop) {
  const Step step = stop.stop_requested() ? Step::kIdle : hooks_.finish(job, stop);
  if (step == Step::kIdle && !job.saved) {
    hooks_.saved(job.progress.digest, 0, progress_.save(job.progress));
  }
  return step == Step::kStalled ? step : Step::kWorked;
}

}  // namespace sluice::high
