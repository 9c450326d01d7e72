// Which pass is sent next. In memory; the spool fills it from what it has stored.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <tuple>

#include "common/base/clock.h"
#include "common/base/strong.h"
#include "sluice/stored_spool.pb.h"

namespace sluice::low {

struct PlannedPass {
  ShipmentSequence sequence;
  std::uint32_t number = 0;
};

// One thread at a time.
class Schedule {
 public:
  // No repeat waits for longer than `longest`, also when the clock has been set back since it was
  // planned: those beyond come closer together, the first to `longest` from then on.
  explicit Schedule(std::chrono::seconds longest) : longest_(longest) {}

  void add(ShipmentSequence sequence, const proto::SpooledPass& pass);
  void remove(ShipmentSequence sequence, const proto::SpooledPass& pass);

  // First sendings in the order of their sequence, then what was asked for in the order of asking,
  // then repeats that are due.
  std::optional<PlannedPass> next(UtcTime now);
  std::size_t size() const { return fresh_.size() + asked_.size() + repeats_.size(); }

 private:
  struct Entry {
    std::int64_t due_micros;
    std::uint64_t sequence;
    std::uint32_t number;
    auto operator<=>(const Entry&) const = default;
  };
  void bring_closer(std::int64_t latest_micros);
  std::set<Entry>& queue(const proto::SpooledPass& pass);
  static Entry entry(ShipmentSequence sequence, const proto::SpooledPass& pass);

  const std::chrono::microseconds longest_;
  std::set<Entry> fresh_;  // due 0, so that the sequence alone orders them
  std::set<Entry> asked_;
  std::set<Entry> repeats_;
};

}  // namespace sluice::low
