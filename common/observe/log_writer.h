// Writes events as lines of logfmt, on a thread of its own.
//
// Under journald a line is "<5>shipment.published shipment=lab-low/17", so that the journal keeps
// its level (sd-daemon(3)); elsewhere "2026-01-31T12:00:00.000000Z notice shipment.published …".
#pragma once

#include <memory>

#include "common/observe/counters.h"
#include "common/observe/events.h"

namespace spdlog {
// NOLINTBEGIN(readability-identifier-naming): names of spdlog
class logger;
namespace details {
class thread_pool;
}
namespace sinks {
class sink;
}
// NOLINTEND(readability-identifier-naming)
}  // namespace spdlog

namespace sluice::observe {

// Lines that wait for a stalled stderr; more are lost, oldest first, and counted (kLogLinesLost).
inline constexpr std::size_t kLogQueueLines = 8192;

class LogWriter {
 public:
  struct Options {
    Level least = Level::kInfo;  // events below it are not written
    bool journal = false;        // prefixes for journald
  };

  // Lines go to `sink`; `counters` outlives the writer.
  LogWriter(Options options, std::shared_ptr<spdlog::sinks::sink> sink, Counters& counters);
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;
  ~LogWriter();  // writes what still waits

  // To standard error; for journald if that is what standard error is connected to.
  static std::unique_ptr<LogWriter> to_standard_error(Level least, Counters& counters);

  // Callable from any thread; does not wait.
  void write(const Event& event);

 private:
  Options options_;
  Counters& counters_;
  std::shared_ptr<spdlog::details::thread_pool> thread_;
  std::shared_ptr<spdlog::logger> logger_;
};

// Whether standard error is the stream that systemd names in JOURNAL_STREAM (systemd.exec(5)).
bool standard_error_is_journal();

}  // namespace sluice::observe
