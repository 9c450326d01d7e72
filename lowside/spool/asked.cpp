#include "lowside/spool/asked.h"

#include <algorithm>

namespace sluice::low {
namespace {

// `from` without `cut`, in its order.
std::vector<SequenceRange> without(const std::vector<SequenceRange>& from,
                                   const SequenceRange& cut) {
  std::vector<SequenceRange> left;
  for (const SequenceRange& range : from) {
    if (range.last < cut.first || cut.last < range.first) {
      left.push_back(range);
      continue;
    }
    if (range.first < cut.first) {
      left.push_back({range.first, ShipmentSequence(cut.first.value() - 1)});
    }
    if (cut.last < range.last) {
      left.push_back({cut.last.next(), range.last});
    }
  }
  return left;
}

std::uint64_t length(const SequenceRange& range) {
  return range.last.value() - range.first.value() + 1;
}

}  // namespace

proto::SpooledAsked Asked::stored() const {
  proto::SpooledAsked stored;
  for (const SequenceRange& range : ranges_) {
    proto::SpooledRange& entry = *stored.add_ranges();
    entry.set_first(range.first.value());
    entry.set_last(range.last.value());
  }
  return stored;
}

bool Asked::contains(ShipmentSequence sequence) const {
  return std::ranges::any_of(ranges_, [&](const SequenceRange& range) {
    return range.first <= sequence && sequence <= range.last;
  });
}

std::optional<ShipmentSequence> Asked::next(const PassNames& under_way) const {
  for (const SequenceRange& range : ranges_) {
    for (ShipmentSequence at = range.first; at <= range.last; at = at.next()) {
      if (std::ranges::find(under_way, at, &PassName::sequence) == under_way.end()) {
        return at;
      }
    }
  }
  return std::nullopt;
}

std::uint64_t Asked::add(const SequenceRange& range) {
  std::vector<SequenceRange> added{range};
  for (const SequenceRange& waiting : ranges_) {
    added = without(added, waiting);
  }
  std::uint64_t count = 0;
  for (const SequenceRange& one : added) {
    count += length(one);
    ranges_.push_back(one);
  }
  return count;
}

void Asked::remove(ShipmentSequence sequence) { remove({sequence, sequence}); }

void Asked::remove(const SequenceRange& range) { ranges_ = without(ranges_, range); }

std::uint64_t Asked::count() const {
  std::uint64_t count = 0;
  for (const SequenceRange& range : ranges_) {
    count += length(range);
  }
  return count;
}

}  // namespace sluice::low
