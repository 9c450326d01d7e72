// The life of a daemon under a service manager: ready, reload, stop, watchdog (sd_notify(3)).
//
//   Signals signals;                       // first of all, before any thread
//   … build everything …
//   run_until_stopped(signals, {.reload = …, .alive = …});
//   … take everything down …
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "common/base/error.h"

namespace sluice::service {

enum class Signal { kStop, kReload };

// SIGTERM and SIGINT stop, SIGHUP reloads; SIGPIPE is ignored. From its construction on these are
// blocked, in this thread and all that it starts, and taken by wait() alone. One for the program's
// whole life.
class Signals {
 public:
  static Result<Signals> take_over();
  Signals(Signals&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  Signals& operator=(Signals&&) = delete;
  ~Signals();

  // The next signal; none if none came in that time. A negative time: for as long as it takes.
  std::optional<Signal> wait(std::chrono::milliseconds time);

 private:
  explicit Signals(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

struct Life {
  std::function<void()> reload;
  // Whether everything that must move moves: asked before each sign of life to the watchdog. A
  // daemon that hangs gives none, and the service manager starts it anew.
  std::function<bool()> alive;
  // Called once when a signal asks to stop, before the service manager is told.
  std::function<void()> stopping = [] {};
};

// Tells the service manager that the daemon is ready, serves signals and the watchdog (at a half of
// WatchdogSec) on this thread, and returns when a signal asks to stop.
void run_until_stopped(Signals& signals, const Life& life);

// A line for `systemctl status`; does nothing without a service manager. From any thread.
void tell_service_manager(const std::string& line);

}  // namespace sluice::service
