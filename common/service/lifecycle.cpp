#include "common/service/lifecycle.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace sluice::service {
namespace {

sigset_t handled_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    ::sigaddset(&set, number);
  }
  return set;
}

void notify(const std::string& state) { ::sd_notify(0, state.c_str()); }

// Half of what the service manager allows; none where it does not watch.
std::optional<std::chrono::milliseconds> watchdog_interval() {
  std::uint64_t allowed = 0;
  if (::sd_watchdog_enabled(0, &allowed) <= 0) {
    return std::nullopt;
  }
  return std::max(std::chrono::milliseconds(1),
                  std::chrono::duration_cast<std::chrono::milliseconds>(
                      std::chrono::microseconds(allowed) / 2));
}

// sd_notify(3): a reload is between RELOADING, with the time it began, and READY.
void reload(const Life& life) {
  const auto began = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
  notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(began.count()));
  life.reload();
  notify("READY=1");
}

}  // namespace

Result<Signals> Signals::take_over() {
  const sigset_t set = handled_signals();
  if (::pthread_sigmask(SIG_BLOCK, &set, nullptr) != 0 || ::signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
    return errno_error("signals", errno);
  }
  const int descriptor = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (descriptor < 0) {
    return errno_error("signalfd", errno);
  }
  return Signals(descriptor);
}

Signals::~Signals() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

std::optional<Signal> Signals::wait(std::chrono::milliseconds time) {
  pollfd ready{descriptor_, POLLIN, 0};
  const auto most = std::min<std::chrono::milliseconds::rep>(time.count(), INT_MAX);
  if (::poll(&ready, 1, static_cast<int>(std::max<std::chrono::milliseconds::rep>(most, -1))) <=
      0) {
    return std::nullopt;
  }
  signalfd_siginfo info{};
  if (::read(descriptor_, &info, sizeof info) != sizeof info) {
    return std::nullopt;
  }
  return info.ssi_signo == SIGHUP ? Signal::kReload : Signal::kStop;
}

void run_until_stopped(Signals& signals, const Life& life) {
  const auto interval = watchdog_interval();
  notify("READY=1");
  auto next_sign = std::chrono::steady_clock::now();
  for (;;) {
    std::chrono::milliseconds wait{-1};
    if (interval) {
      const auto now = std::chrono::steady_clock::now();
      if (now >= next_sign) {
        if (life.alive()) {
          notify("WATCHDOG=1");
        }
        next_sign = now + *interval;
      }
      wait = std::chrono::ceil<std::chrono::milliseconds>(next_sign - now);
    }
    const auto signal = signals.wait(wait);
    if (signal == Signal::kReload) {
      reload(life);
    } else if (signal == Signal::kStop) {
      life.stopping();
      notify("STOPPING=1");
      return;
    }
  }
}

void tell_service_manager(const std::string& line) { notify("STATUS=" + line); }

}  // namespace sluice::service
