// When the disk of a test fails. One plan is shared by everything that writes in a test, so that
// one number names each point at which a run can be hit: run once without faults, read count(),
// then run again for each index below it.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "common/base/error.h"

namespace sluice::test {

enum class Operation {
  kCreate,      // a file or a folder
  kWrite,       // to a file
  kSync,        // of a file
  kRename,      // also link
  kSyncFolder,  // of a folder
  kRemove,
  kStoreWrite,  // a batch of the index
};

// Callable from any thread.
class FaultPlan {
 public:
  // The operation with this index fails with `error_number` and has no effect.
  void fail_at(std::uint64_t index, int error_number);
  // From this index on, every operation but kRemove fails, until clear(): a full disk.
  void fail_from(std::uint64_t index, int error_number);
  // The power fails just before this operation: nothing works any more until clear().
  void crash_at(std::uint64_t index);
  // Whole from now on; count() starts again at 0.
  void clear();

  std::uint64_t count() const;  // operations so far
  bool crashed() const;
  bool fired() const;  // a fault has been met

  // For the fakes: the error that the operation has to return without doing anything.
  std::optional<Error> next(Operation operation, const std::string& thing);
  // The same for what only reads: fails after a crash.
  std::optional<Error> read(const std::string& thing) const;

 private:
  enum class Fault { kNone, kOnce, kFrom, kCrash };

  mutable std::mutex mutex_;
  Fault fault_ = Fault::kNone;
  std::uint64_t index_ = 0;
  int error_number_ = 0;
  std::uint64_t count_ = 0;
  bool crashed_ = false;
  bool fired_ = false;
};

}  // namespace sluice::test
