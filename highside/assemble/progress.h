// What is on disk of a blob in assembly, and how it is kept over a restart.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/file_system.h"
#include "common/store/key_value_store.h"
#include "highside/pipeline/range_set.h"

namespace sluice::high {

struct Progress {
  Sha256Digest digest;
  std::uint64_t size = 0;
  RangeSet received;
  UtcTime touched;  // when the last part arrived
};

// Part files and their kParts entries. Callable from any thread, for one blob by one at a time.
class ProgressStore {
 public:
  ProgressStore(FileSystem& files, store::KeyValueStore& index, std::filesystem::path folder)
      : files_(files), index_(index), folder_(std::move(folder)) {}

  std::filesystem::path path(const Sha256Digest& digest) const;
  static std::string key(const Sha256Digest& digest);

  // Syncs the part file and its name, then writes the entry: it never says more than is on disk.
  Result<void> save(const Progress& progress);
  Result<Progress> load(const Sha256Digest& digest) const;  // kNotFound, kIntegrity
  Result<void> drop(const Sha256Digest& digest);            // file and entry

  // Calls `each` for every entry whose file is as long as it must be; drops the others, and the
  // files that have no entry.
  Result<void> recover(const std::function<void(const Progress&)>& each);

 private:
  FileSystem& files_;
  store::KeyValueStore& index_;
  std::filesystem::path folder_;
};

}  // namespace sluice::high
