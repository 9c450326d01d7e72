#include "common/store/reserve.h"

#include <fcntl.h>

#include <algorithm>

namespace sluice::store {
namespace {

constexpr std::size_t kFillBytes = std::size_t{1} << 20;

}  // namespace

Result<bool> Reserve::take() {
  if (held_ || bytes_ == 0) {
    return held_;
  }
  SLUICE_TRY(const bool there, files_.exists(path_));
  if (there) {
    SLUICE_TRY(const auto file, files_.open_for_reading(path_));
    SLUICE_TRY(const std::uint64_t size, file->size());
    held_ = size >= bytes_;
  }
  if (!held_) {
    SLUICE_TRY_VOID(files_.remove(path_));  // of another size, or half made
    SLUICE_TRY(const std::uint64_t free, files_.free_bytes(path_.parent_path()));
    if (free / 2 < bytes_) {
      return false;
    }
    if (auto filled = fill(); !filled) {
      static_cast<void>(files_.remove(path_));
      return std::move(filled).error();
    }
    held_ = true;
  }
  return true;
}

// Nothing of it has to outlast a crash: it is made again.
Result<void> Reserve::fill() {
  SLUICE_TRY(const auto file, files_.open_for_writing(path_));
  if (file->descriptor() >= 0) {
    // The blocks alone, without writing to them.
    const int failure = ::posix_fallocate(file->descriptor(), 0, static_cast<off_t>(bytes_));
    return failure == 0 ? Result<void>() : errno_error(path_.string(), failure);
  }
  const Bytes zeros(std::min<std::uint64_t>(kFillBytes, bytes_));
  for (std::uint64_t offset = 0; offset < bytes_; offset += zeros.size()) {
    const auto count = std::min<std::uint64_t>(zeros.size(), bytes_ - offset);
    SLUICE_TRY_VOID(file->write_at(offset, ByteView(zeros).first(count)));
  }
  return {};
}

Result<void> Reserve::give_back() {
  SLUICE_TRY_VOID(files_.remove(path_));
  held_ = false;
  return {};
}

}  // namespace sluice::store
