// One side's disk: its files and its index, which share space, faults and power.
#pragma once

#include "common/base/sync_guard.h"
#include "tests/simulation/random.h"
#include "tests/support/memory_store.h"
#include "tests/support/sim_file_system.h"

namespace sluice::sim {

class Disk {
 public:
  // As the daemons have it: nothing becomes durable any more once a sync has failed.
  FileSystem& files() { return *guard_; }
  store::KeyValueStore& index() { return index_; }
  test::FaultPlan& plan() { return plan_; }
  test::SimFileSystem& simulated_files() { return files_; }
  bool power_failed() const { return plan_.crashed(); }

  // What a side leaves behind that ends at once. `power`: unsynced writes are lost, all, none or
  // some of them; else only the program has ended, and the system keeps what it was given.
  void crash(Random& random, bool power) {
    const auto loss = power ? random.pick(kLosses) : test::Loss::kNone;
    plan_.clear();
    files_.crash(loss, random.next());
    index_.crash(loss, random.next());
    guard_ = guard();
  }

 private:
  static constexpr std::array kLosses{test::Loss::kAll, test::Loss::kNone, test::Loss::kRandom,
                                      test::Loss::kRandom};
  std::unique_ptr<SyncGuard> guard() {
    return std::make_unique<SyncGuard>(files_, [](const Error&) {});
  }

  test::FaultPlan plan_;
  test::SimFileSystem files_{plan_};
  test::MemoryStore index_{plan_};
  std::unique_ptr<SyncGuard> guard_ = guard();
};

}  // namespace sluice::sim
