// Shipments that an operator asked for, in the order of asking: kept as ranges, so that a million
// of them cost as much as one.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lowside/pipeline/outbox.h"
#include "lowside/spool/ranges.h"
#include "sluice/stored_spool.pb.h"

namespace sluice::low {

// One thread at a time.
class Asked {
 public:
  proto::SpooledAsked stored() const;

  bool contains(ShipmentSequence sequence) const;
  std::optional<ShipmentSequence> next(const PassNames& under_way = {}) const;
  // Those of `range` that do not wait already; returns how many that are.
  std::uint64_t add(const SequenceRange& range);
  void remove(ShipmentSequence sequence);
  void remove(const SequenceRange& range);
  std::size_t ranges() const { return ranges_.size(); }
  std::uint64_t count() const;

 private:
  std::vector<SequenceRange> ranges_;  // apart from each other; at most Spool::kMaxAskedRanges
};

}  // namespace sluice::low
