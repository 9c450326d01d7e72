// A set of numbers kept as ranges: bytes of a blob that have arrived, shipments that were
// published.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace sluice::high {

// [begin, end)
struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool operator==(const Range&) const = default;
};

// One thread at a time.
class RangeSet {
 public:
  void add(Range range);
  // What of `range` is not in the set, ascending.
  std::vector<Range> missing(Range range) const;
  bool contains(std::uint64_t value) const;
  // The end of the run that starts at `from`; `from` itself if it is not in the set.
  std::uint64_t run_end(std::uint64_t from) const;

  std::uint64_t total() const { return total_; }  // numbers in the set
  std::size_t pieces() const { return ranges_.size(); }
  std::uint64_t end() const { return ranges_.empty() ? 0 : ranges_.rbegin()->second; }
  std::vector<Range> ranges() const;

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_;  // begin -> end; neither touching nor overlapping
  std::uint64_t total_ = 0;
};

}  // namespace sluice::high
