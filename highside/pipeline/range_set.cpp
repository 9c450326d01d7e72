#include "highside/pipeline/range_set.h"

#include <algorithm>
#include <iterator>

namespace sluice::high {

void RangeSet::add(Range range) {
  if (range.begin >= range.end) {
    return;
  }
  auto next = ranges_.upper_bound(range.begin);
  if (next != ranges_.begin()) {
    const auto before = std::prev(next);
    if (before->second >= range.begin) {
      range.begin = before->first;
      next = before;
    }
  }
  while (next != ranges_.end() && next->first <= range.end) {
    range.end = std::max(range.end, next->second);
    total_ -= next->second - next->first;
    next = ranges_.erase(next);
  }
  ranges_.emplace_hint(next, range.begin, range.end);
  total_ += range.end - range.begin;
}

std::vector<Range> RangeSet::missing(Range range) const {
  std::vector<Range> holes;
  std::uint64_t at = run_end(range.begin);
  for (auto next = ranges_.upper_bound(at); at < range.end; ++next) {
    if (next == ranges_.end() || next->first >= range.end) {
      holes.push_back({at, range.end});
      break;
    }
    holes.push_back({at, next->first});
    at = next->second;
  }
  return holes;
}

bool RangeSet::contains(std::uint64_t value) const { return run_end(value) > value; }

std::uint64_t RangeSet::run_end(std::uint64_t from) const {
  const auto next = ranges_.upper_bound(from);
  if (next == ranges_.begin()) {
    return from;
  }
  return std::max(from, std::prev(next)->second);
}

std::vector<Range> RangeSet::ranges() const {
  std::vector<Range> all;
  all.reserve(ranges_.size());
  for (const auto& [begin, end] : ranges_) {
    all.push_back({begin, end});
  }
  return all;
}

}  // namespace sluice::high
