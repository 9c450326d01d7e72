// What happened in a run, line by line: its hash says whether two runs were the same, its end is
// shown when one fails.
#pragma once

#include <cstdint>
#include <deque>
#include <stdexcept>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/observe/events.h"

namespace sluice::sim {

// An invariant does not hold: the run ends.
class Violation : public std::runtime_error {
 public:
  Violation(std::string_view invariant, const std::string& what)
      : std::runtime_error(std::string(invariant) + ": " + what) {}
};

class Trace {
 public:
  static constexpr std::size_t kShown = 50;

  explicit Trace(bool print) : print_(print) {}

  void clock(const Clock& clock) {
    clock_ = &clock;
    started_ = clock.steady_now();
  }
  void line(std::string_view who, std::string_view what);
  std::uint64_t hash() const { return hash_; }
  std::uint64_t lines() const { return lines_; }
  void print_last() const;

 private:
  bool print_;
  const Clock* clock_ = nullptr;
  SteadyTime started_;
  std::uint64_t hash_ = 14695981039346656037U;  // FNV-1a
  std::uint64_t lines_ = 0;
  std::deque<std::string> last_;
};

// The product's events, as lines.
class TracedEvents final : public observe::EventSink {
 public:
  TracedEvents(Trace& trace, std::string who) : trace_(trace), who_(std::move(who)) {}
  void emit(observe::Level level, std::string_view name, observe::Fields fields) override;

 private:
  Trace& trace_;
  std::string who_;
};

}  // namespace sluice::sim
