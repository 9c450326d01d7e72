// Where a daemon's events go.
//
//   any thread ── emit() ──► ring of recent events ──► subscriptions (a place in the ring each)
//                     └────► LogWriter: bounded queue ──► its thread ──► stderr
//
// emit() takes a mutex for as long as it takes to copy an event; it never waits for a reader or
// for stderr. A subscription that falls behind the ring gets one "events.lost" with their number.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "common/base/clock.h"
#include "common/observe/events.h"
#include "common/observe/log_writer.h"

namespace sluice::observe {

// About 1 MiB of events with five fields: hours of a busy link, seconds of a storm.
inline constexpr std::size_t kRecentEvents = 2048;
// A value longer than that is cut: it may be a stranger's.
inline constexpr std::size_t kMaxFieldBytes = 4096;

class EventLog final : public EventSink {
 public:
  // `clock` outlives it; `writer` may be null.
  EventLog(const Clock& clock, std::unique_ptr<LogWriter> writer,
           std::size_t recent = kRecentEvents);

  void emit(Level level, std::string_view name, Fields fields) override;

  // Tells apart the events of different runs, whose ids all count from 1.
  std::int64_t run() const { return run_; }
  std::uint64_t last_id();  // of the newest event; 0 before the first

  // Wakes all who wait, for good: the program is stopping.
  void close();

 private:
  friend class Subscription;

  const Clock& clock_;
  const std::int64_t run_;
  const std::size_t recent_;
  const std::unique_ptr<LogWriter> writer_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Event> events_;  // ids without a gap
  std::uint64_t next_id_ = 1;
  bool closed_ = false;
};

// Reads the log in order, from one thread. The log outlives it.
class Subscription {
 public:
  // Starts behind the event `after`; 0: with the oldest that is held.
  Subscription(EventLog& log, std::uint64_t after) : log_(log), next_(after + 1) {}

  // Waits at most that long; none: nothing yet, or closed.
  std::optional<Event> next(std::chrono::milliseconds wait);
  bool closed() const;

 private:
  EventLog& log_;
  std::uint64_t next_;
};

}  // namespace sluice::observe
