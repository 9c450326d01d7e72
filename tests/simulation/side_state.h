// What lasts of a side while it is down, and what is wrong with its disk.
#pragma once

#include <cerrno>

#include "tests/simulation/clock.h"
#include "tests/simulation/disk.h"

namespace sluice::sim {

struct SideState {
  // Its state folder, /<name>, is there from the installation on.
  SideState(const char* side_name, const Clock& time) : name(side_name), clock(time) {
    disk.files().create_directories(std::filesystem::path("/") / name).value();
    disk.files().sync_directory("/").value();
  }

  const char* name;
  Disk disk;
  SideClock clock;
  SteadyTime reopens;  // when it is down: when it is started again

  // Faults of the disk, while the side acts; the checker's own reads never fail.
  bool acting = false;
  bool full = false;  // whatever needs room fails
  double errors = 0;  // probability of EIO for each operation
  SteadyTime trouble_ends;
  // Something could not be made durable for another reason than space: the daemon ends, and starts
  // again.
  bool storage_failed = false;

  // To be called again after each crash, which clears the plan.
  void arm(Random& random) {
    storage_failed = false;
    disk.plan().fail_when([this, &random](test::Operation operation, const std::string&) {
      return acting ? fault(operation, random) : 0;
    });
  }

 private:
  int fault(test::Operation operation, Random& random) {
    using enum test::Operation;
    const bool store_write = operation == kStoreWrite;
    if (full &&
        (store_write || operation == kCreate || operation == kWrite || operation == kRename)) {
      return ENOSPC;
    }
    // As the daemons' stores do: after the first that fails no write is tried any more.
    if ((store_write && storage_failed) || (errors > 0 && random.chance(errors))) {
      storage_failed =
          storage_failed || store_write || operation == kSync || operation == kSyncFolder;
      return EIO;
    }
    return 0;
  }
};

}  // namespace sluice::sim
