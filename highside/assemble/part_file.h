// One blob that is being put together in a file: what has arrived of it, and its digests as far as
// its bytes came in order.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "common/base/file_system.h"
#include "common/base/hasher.h"
#include "highside/pipeline/range_set.h"

namespace sluice::high {

// One thread at a time.
class PartFile {
 public:
  // A blob of 4 TiB in parts of 4 MiB with every 64th lost has 16 384 pieces; at 48 bytes each that
  // is 800 KiB. A part that would make more is refused and comes with a later pass.
  static constexpr std::size_t kMaxPieces = 16'384;

  static Result<std::unique_ptr<PartFile>> open(FileSystem& files, std::filesystem::path path,
                                                std::uint64_t size, RangeSet received,
                                                const std::vector<DigestAlgorithm>& aliases);

  // Writes those of the bytes that had not arrived and gives their number. offset + bytes.size() ≤
  // size. After a failure what was written up to there counts as arrived. Bytes that are there are
  // never written again: a second sender cannot change them.
  Result<std::uint64_t> write(std::uint64_t offset, ByteView bytes);

  // All bytes are there: hashes those that have not been hashed while they arrived. SHA-256 first,
  // then `aliases` if no byte had been hashed yet, else those that open() was given. kCancelled
  // when `stop` is asked for. Usable once.
  Result<std::vector<Digest>> finish(const std::vector<DigestAlgorithm>& aliases,
                                     const std::stop_token& stop);
  // All of it; for small blobs.
  Result<Bytes> contents() const;

  bool complete() const { return received_.total() == size_; }
  const RangeSet& received() const { return received_; }
  const std::filesystem::path& path() const { return path_; }
  // For who waits until what was written is on the disk. It may outlive this.
  const std::shared_ptr<File>& file() const { return file_; }

 private:
  Result<void> fill(Range hole, ByteView part);

  PartFile(std::filesystem::path path, std::unique_ptr<File> file, std::uint64_t size,
           RangeSet received, const std::vector<DigestAlgorithm>& aliases);

  std::filesystem::path path_;
  std::shared_ptr<File> file_;
  std::uint64_t size_;
  RangeSet received_;
  MultiHasher hasher_;
  std::uint64_t hashed_ = 0;  // bytes from the start that the hasher has seen
};

}  // namespace sluice::high
