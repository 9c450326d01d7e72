#include "lowside/transmit/transmitter.h"

#include <sys/prctl.h>
#include <time.h>

namespace sluice::low {
namespace {

// Shorter waits than this are slept through in one system call; longer ones can be interrupted.
constexpr std::chrono::milliseconds kUninterrupted{2};
// The kernel may round a sleep up by 50 µs, which is a whole run at 10 Gb/s.
constexpr unsigned long kTimerSlackNanos = 1000;

void sleep_for(std::chrono::nanoseconds duration) {
  const timespec time{.tv_sec = 0, .tv_nsec = static_cast<long>(duration.count())};
  nanosleep(&time, nullptr);
}

}  // namespace

Result<std::unique_ptr<Transmitter>> Transmitter::start(const TransmitSettings& settings,
                                                        TransmitParts parts) {
  const Clock& clock = parts.clock;
  SLUICE_TRY(auto transmission, Transmission::begin(settings, std::move(parts)));
  return std::unique_ptr<Transmitter>(new Transmitter(settings, clock, std::move(transmission)));
}

Transmitter::Transmitter(const TransmitSettings& settings, const Clock& clock,
                         std::unique_ptr<Transmission> transmission)
    : poll_(settings.poll), clock_(clock), transmission_(std::move(transmission)) {
  const Processors processors = settings.processors;
  for (std::size_t lane = 0; lane < transmission_->lanes(); ++lane) {
    threads_.emplace_back([this, lane, processors](const std::stop_token& stop) {
      run_on(processors, lane);
      send(lane, stop);
    });
  }
  threads_.emplace_back([this, processors](const std::stop_token& stop) {
    run_on(processors, transmission_->lanes());
    build(stop);
  });
}

Transmitter::~Transmitter() {
  for (auto& thread : threads_) {
    thread.request_stop();
  }
}

void Transmitter::wake() {
  transmission_->wake();
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

void Transmitter::build(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    switch (transmission_->build()) {
      case Transmission::Built::kWorked:
        break;
      case Transmission::Built::kNothingDue:
        wait_for_work(stop);
        break;
      case Transmission::Built::kLaneFull:
      case Transmission::Built::kUnderWay:
        transmission_->wait_to_build(stop);
        break;
    }
  }
}

void Transmitter::wait_for_work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, poll_, [this] { return woken_; });
  woken_ = false;
}

void Transmitter::send(std::size_t lane, const std::stop_token& stop) {
  prctl(PR_SET_TIMERSLACK, kTimerSlackNanos, 0, 0, 0);
  while (!stop.stop_requested()) {
    const SteadyTime next = transmission_->send(lane);
    const SteadyTime now = clock_.steady_now();
    if (next <= now) {
      continue;
    }
    if (!transmission_->idle(lane) && next - now <= kUninterrupted) {
      sleep_for(next - now);
    } else {
      transmission_->wait_to_send(lane, next, stop);
    }
  }
}

}  // namespace sluice::low
