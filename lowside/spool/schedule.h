// Which first sending and which repeat comes next. In memory; the spool fills it from what it has
// stored.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "common/base/clock.h"
#include "common/base/strong.h"
#include "lowside/pipeline/outbox.h"
#include "sluice/stored_spool.pb.h"

namespace sluice::low {

// One thread at a time.
class Schedule {
 public:
  // No repeat waits for longer than `longest`, also when the clock has been set back since it was
  // planned: those beyond come closer together, the first to `longest` from then on.
  explicit Schedule(std::chrono::seconds longest) : longest_(longest) {}

  void add(ShipmentSequence sequence, const proto::SpooledPass& pass);
  void remove(ShipmentSequence sequence, const proto::SpooledPass& pass);

  // In the order of their sequence, without those that are `under_way`.
  std::optional<PassName> next_fresh(const PassNames& under_way) const;
  // The fresh ones among [first, last].
  std::vector<ShipmentSequence> fresh_among(ShipmentSequence first, ShipmentSequence last) const;
  // In the order of their time, likewise.
  std::optional<PassName> next_repeat(UtcTime now, const PassNames& under_way);
  std::size_t size() const { return fresh_.size() + repeats_.size(); }

 private:
  struct Entry {
    std::int64_t due_micros;
    std::uint64_t sequence;
    std::uint32_t number;
    auto operator<=>(const Entry&) const = default;
  };
  void bring_closer(std::int64_t latest_micros);

  const std::chrono::microseconds longest_;
  std::set<std::uint64_t> fresh_;
  std::set<Entry> repeats_;
};

}  // namespace sluice::low
