#include "highside/assemble/part_file.h"

#include <algorithm>

namespace sluice::high {
namespace {

// Written or read while hashing: large enough that the system call does not count, small enough for
// the second-level cache.
constexpr std::size_t kPieceBytes = std::size_t{256} << 10;

}  // namespace

Result<std::unique_ptr<PartFile>> PartFile::open(FileSystem& files, std::filesystem::path path,
                                                 std::uint64_t size, RangeSet received,
                                                 const std::vector<DigestAlgorithm>& aliases) {
  SLUICE_TRY(auto file, files.open_for_writing(path));
  return std::unique_ptr<PartFile>(
      new PartFile(std::move(path), std::move(file), size, std::move(received), aliases));
}

PartFile::PartFile(std::filesystem::path path, std::unique_ptr<File> file, std::uint64_t size,
                   RangeSet received, const std::vector<DigestAlgorithm>& aliases)
    : path_(std::move(path)),
      file_(std::move(file)),
      size_(size),
      received_(std::move(received)),
      hasher_(aliases, size) {}

Result<std::uint64_t> PartFile::write(std::uint64_t offset, ByteView bytes) {
  SLUICE_ASSERT(offset <= size_ && bytes.size() <= size_ - offset);
  std::uint64_t fresh = 0;
  for (const Range& hole : received_.missing({offset, offset + bytes.size()})) {
    if (received_.pieces() >= kMaxPieces && received_.run_end(hole.begin) == hole.begin &&
        hole.begin != 0 && !received_.contains(hole.begin - 1)) {
      return Error{ErrorCode::kRefused, path_.string(),
                   "has arrived in more than " + std::to_string(kMaxPieces) + " pieces",
                   "send it again: a later pass fills the holes"};
    }
    SLUICE_TRY_VOID(fill(hole, bytes.subspan(hole.begin - offset, hole.end - hole.begin)));
    fresh += hole.end - hole.begin;
  }
  return fresh;
}

// Hashes each piece while the write has left it in the processor's cache.
Result<void> PartFile::fill(Range hole, ByteView part) {
  while (!part.empty()) {
    const ByteView piece = part.first(std::min(part.size(), kPieceBytes));
    SLUICE_TRY_VOID(file_->write_at(hole.begin, piece));
    received_.add({hole.begin, hole.begin + piece.size()});
    if (hole.begin == hashed_) {
      hasher_.update(piece);
      hashed_ += piece.size();
    }
    hole.begin += piece.size();
    part = part.subspan(piece.size());
  }
  return {};
}

Result<std::vector<Digest>> PartFile::finish(const std::vector<DigestAlgorithm>& aliases,
                                             const std::stop_token& stop) {
  SLUICE_ASSERT(complete());
  if (hashed_ == 0) {
    hasher_ = MultiHasher(aliases, size_);
  }
  Bytes buffer(std::min<std::uint64_t>(kPieceBytes, size_ - hashed_));
  while (hashed_ < size_) {
    if (stop.stop_requested()) {
      return Error{ErrorCode::kCancelled, path_.string(), "stopped while it was hashed", ""};
    }
    const auto count = std::min<std::uint64_t>(buffer.size(), size_ - hashed_);
    const MutableByteView chunk = MutableByteView(buffer).first(count);
    SLUICE_TRY_VOID(file_->read_at(hashed_, chunk));
    hasher_.update(chunk);
    hashed_ += count;
  }
  return hasher_.finish();
}

Result<Bytes> PartFile::contents() const {
  Bytes all(size_);
  SLUICE_TRY_VOID(file_->read_at(0, all));
  return all;
}

}  // namespace sluice::high
