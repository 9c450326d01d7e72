// What has been written to part files and may not have reached the disk yet. The page cache takes
// what arrives at any speed, up to a fifth of the machine's memory; then everything stops until it
// is written. Here the disk begins with each part when it comes, and who is too far ahead of it
// waits for the oldest.
#pragma once

#include <deque>
#include <memory>

#include "common/base/file_system.h"
#include "highside/pipeline/range_set.h"

namespace sluice::high {

// One thread.
class Unwritten {
 public:
  // Each keeps a descriptor, together with others of its file. Parts of megabytes do not meet it.
  static constexpr std::size_t kMaxRanges = 128;

  explicit Unwritten(std::uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  // `range` of `file` has been written. Waits while there is more than the limit, and then keeps
  // at least this one. An error is that of a failed sync, of this file or an earlier one.
  Result<void> add(std::shared_ptr<File> file, Range range);
  std::size_t ranges() const { return ranges_.size(); }

 private:
  struct Written {
    std::shared_ptr<File> file;
    Range range;
  };

  const std::uint64_t limit_bytes_;
  std::deque<Written> ranges_;  // oldest first
  std::uint64_t bytes_ = 0;
};

}  // namespace sluice::high
