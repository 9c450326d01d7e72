// When the disk of a test fails. One plan is shared by everything that writes in a test, so that
// one number names each point at which a run can be hit: run once without faults, read writes() or
// reads(), then run again for each index below it.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/base/error.h"

namespace sluice::test {

enum class Operation : std::uint8_t {
  kCreate,      // a file or a folder
  kWrite,       // to a file
  kSync,        // of a file
  kRename,      // also link
  kSyncFolder,  // of a folder
  kRemove,
  kPunch,       // of a hole into a file
  kStoreWrite,  // a batch of the index
  // What changes nothing, numbered by itself:
  kOpen,       // of a file that is there, to read or to write
  kRead,       // of a file, a folder or their state
  kStoreRead,  // of the index
};
constexpr bool changes(Operation operation) { return operation < Operation::kOpen; }
constexpr bool gives_space(Operation operation) {
  return operation == Operation::kRemove || operation == Operation::kPunch;
}

// What a crash leaves of that which was not synced.
enum class Loss {
  kAll,     // nothing
  kNone,    // everything: the system wrote it back just in time
  kRandom,  // by the seed
};

// Callable from any thread.
class FaultPlan {
 public:
  // The change with this index fails with `error_number` and has no effect.
  void fail_at(std::uint64_t index, int error_number);
  // From this index on, every change but kRemove and kPunch fails, until clear(): a full disk.
  void fail_from(std::uint64_t index, int error_number);
  // The same for what only reads.
  void fail_read_at(std::uint64_t index, int error_number);
  void fail_reads_from(std::uint64_t index, int error_number);
  // Asked before every operation, beside the above, until clear(): the error number, or 0. Called
  // under the plan's lock.
  using Rule = std::function<int(Operation operation, const std::string& thing)>;
  void fail_when(Rule rule);
  // The power fails just before this change: nothing works any more until clear().
  void crash_at(std::uint64_t index);
  void crash_now();
  // Whole from now on; the counts start again at 0.
  void clear();

  std::uint64_t count() const;  // changes so far
  std::vector<Operation> changed() const;
  std::vector<Operation> reads() const;  // so far, in order
  bool crashed() const;
  bool fired() const;  // a fault has been met

  // For the fakes: the error that the operation has to return without doing anything.
  std::optional<Error> next(Operation operation, const std::string& thing);

 private:
  struct Fault {
    std::uint64_t index = 0;
    int error_number = 0;  // 0: none
    bool stays = false;
    bool hits(std::uint64_t at) const {
      return error_number != 0 && (stays ? at >= index : at == index);
    }
  };
  int error_number(Operation operation, const std::string& thing);

  mutable std::mutex mutex_;
  Fault change_fault_;
  Fault read_fault_;
  Rule rule_;
  std::optional<std::uint64_t> crash_at_;
  std::vector<Operation> changes_;
  std::vector<Operation> reads_;
  bool crashed_ = false;
  bool fired_ = false;
};

}  // namespace sluice::test
