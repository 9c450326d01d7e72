#include "tests/bench/place.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "common/base/error.h"

namespace sluice::bench {
namespace {

void enter(int network) { SLUICE_ASSERT(network >= 0 && setns(network, CLONE_NEWNET) == 0); }

}  // namespace

Visit::Visit(const Side& side) {
  SLUICE_ASSERT(sched_getaffinity(0, sizeof cpus_, &cpus_) == 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(side.cpu, &one);
  SLUICE_ASSERT(sched_setaffinity(0, sizeof one, &one) == 0);
  if (side.network.empty()) {
    return;
  }
  home_ = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  const int network = open(("/run/netns/" + side.network).c_str(), O_RDONLY | O_CLOEXEC);
  enter(network);
  close(network);
}

Visit::~Visit() {
  if (home_ >= 0) {
    enter(home_);
    close(home_);
  }
  sched_setaffinity(0, sizeof cpus_, &cpus_);
}

std::uint64_t core_nanos(int cpu) {
  std::uint64_t sum = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    cpu_set_t may;
    CPU_ZERO(&may);
    const pid_t id = std::stoi(task.path().filename());
    if (sched_getaffinity(id, sizeof may, &may) != 0 || CPU_COUNT(&may) != 1 ||
        !CPU_ISSET(cpu, &may)) {
      continue;
    }
    std::uint64_t nanos = 0;
    std::ifstream(task.path() / "schedstat") >> nanos;
    sum += nanos;
  }
  return sum;
}

}  // namespace sluice::bench
