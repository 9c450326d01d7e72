#include "highside/assemble/unwritten.h"

namespace sluice::high {

Result<void> Unwritten::add(std::shared_ptr<File> file, Range range) {
  const std::uint64_t length = range.end - range.begin;
  file->start_writing(range.begin, length);
  ranges_.push_back({std::move(file), range});
  bytes_ += length;
  while (ranges_.size() > 1 && (bytes_ > limit_bytes_ || ranges_.size() > kMaxRanges)) {
    const Written oldest = std::move(ranges_.front());
    ranges_.pop_front();
    bytes_ -= oldest.range.end - oldest.range.begin;
    SLUICE_TRY_VOID(
        oldest.file->finish_writing(oldest.range.begin, oldest.range.end - oldest.range.begin));
  }
  return {};
}

}  // namespace sluice::high
