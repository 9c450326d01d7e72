// Space that is held back on a disk, so that a disk filled to its last byte can still be emptied:
// removing from an index needs a write too.
#pragma once

#include <cstdint>
#include <filesystem>

#include "common/base/file_system.h"

namespace sluice::store {

// One thread at a time.
class Reserve {
 public:
  // `bytes` in the file `path`; 0: none is held. `files` outlives it.
  Reserve(FileSystem& files, std::filesystem::path path, std::uint64_t bytes)
      : files_(files), path_(std::move(path)), bytes_(bytes) {}

  // Holds it, unless less than twice as much is free. False: it is not held.
  Result<bool> take();
  // There is so much more space when it returns.
  Result<void> give_back();
  bool held() const { return held_; }

 private:
  Result<void> fill();

  FileSystem& files_;
  const std::filesystem::path path_;
  const std::uint64_t bytes_;
  bool held_ = false;
};

}  // namespace sluice::store
