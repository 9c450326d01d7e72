// Holds a machine against what its end of the link needs, and says what to change and how.
// docs/link-tuning.md has the reasons at length.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/tune/host.h"

namespace sluice::tune {

// Settings of the kernel (sysctl), at least so high; deploy/sysctl/90-sluice.conf sets the same.
struct KernelSetting {
  std::string name;  // "net.core.rmem_max"
  std::uint64_t wanted = 0;
  std::string why;
  bool low = false;  // on the low side
  bool high = false;
};
const std::vector<KernelSetting>& kernel_settings();

struct Finding {
  enum class State { kOk, kChange, kUnknown };
  std::string what;
  State state = State::kOk;
  std::string present;  // "?" where the machine does not say
  std::string wanted;
  std::string why;
  std::string command;  // that changes it; empty: nothing to do
};

struct LowEnd {
  std::string destination;  // numeric address
  std::string interface;    // empty: by the routing table
  std::size_t mtu = 1500;
  std::uint64_t rate = 0;  // bits per second, of this lane
  bool segmentation = true;
};
struct HighEnd {
  std::string address;
  std::string interface;  // empty: the one with that address
  std::uint64_t receive_buffer = 0;
  bool coalesce = true;
};

// The kernel, once, then each interface.
std::vector<Finding> look_at_low(const Host& host, const std::vector<LowEnd>& ends);
std::vector<Finding> look_at_high(const Host& host, const std::vector<HighEnd>& ends);

bool all_well(const std::vector<Finding>& findings);  // nothing to change
std::string as_text(const std::vector<Finding>& findings);
std::string as_json(const std::vector<Finding>& findings);  // a list of objects

}  // namespace sluice::tune
