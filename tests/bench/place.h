// Where a side of the link runs: its network namespace and its core.
#pragma once

#include <sched.h>

#include <cstdint>
#include <string>

namespace sluice::bench {

struct Side {
  std::string network{};  // as `ip netns` names it; empty: the one that the program was started in
  int cpu = 0;
};

struct Wire {
  Side low;
  Side high;
  std::string address = "127.0.0.1";  // the high side's
  std::size_t mtu = 1500;
};

// As long as it lives the calling thread is at that place: what it opens and the threads that it
// starts stay there.
class Visit {
 public:
  explicit Visit(const Side& side);
  ~Visit();
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

 private:
  int home_ = -1;  // network namespace, open
  cpu_set_t cpus_{};
};

// Nanoseconds that this process's threads that may run on `cpu` alone have run there so far, the
// kernel's work for them included.
std::uint64_t core_nanos(int cpu);

}  // namespace sluice::bench
