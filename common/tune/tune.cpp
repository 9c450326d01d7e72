#include "common/tune/tune.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <sstream>

#include "common/base/text.h"

namespace sluice::tune {
namespace {

using State = Finding::State;

// A receive buffer holds this much of the card's rate: what arrives while a busy machine does not
// schedule the receiver.
constexpr double kBufferSeconds = 0.2;

// virtio 1.2, 5.5.3: the host has been promised that free pages are reported.
constexpr std::size_t kReportsFreePages = 5;
constexpr int kVirtioDevices = 64;  // that are looked at: Linux numbers them as it finds them

std::optional<std::uint64_t> number(const std::optional<std::string>& text) {
  std::uint64_t value = 0;
  if (!text || text->empty() ||
      std::from_chars(text->data(), text->data() + text->size(), value).ec != std::errc()) {
    return std::nullopt;
  }
  return value;
}

Finding at_least(std::string what, std::optional<std::uint64_t> present, std::uint64_t wanted,
                 std::string why, std::string command) {
  const State state = !present ? State::kUnknown : *present >= wanted ? State::kOk : State::kChange;
  return {.what = std::move(what),
          .state = state,
          .present = present ? std::to_string(*present) : "?",
          .wanted = "at least " + std::to_string(wanted),
          .why = std::move(why),
          .command = state == State::kChange ? std::move(command) : ""};
}

Finding equal(std::string what, std::optional<std::string> present, std::string wanted,
              std::string why, std::string command) {
  const State state = !present ? State::kUnknown : *present == wanted ? State::kOk : State::kChange;
  return {.what = std::move(what),
          .state = state,
          .present = present.value_or("?"),
          .wanted = std::move(wanted),
          .why = std::move(why),
          .command = state == State::kChange ? std::move(command) : ""};
}

void look_at_kernel(const Host& host, bool low, std::vector<Finding>& findings) {
  for (const KernelSetting& setting : kernel_settings()) {
    if (!(low ? setting.low : setting.high)) {
      continue;
    }
    std::string path = "/proc/sys/" + setting.name;
    std::replace(path.begin() + 10, path.end(), '.', '/');
    findings.push_back(
        at_least(setting.name, number(host.read(path)), setting.wanted, setting.why,
                 "sysctl -w " + setting.name + "=" + std::to_string(setting.wanted)));
  }
  const auto governor = host.read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  if (governor) {  // a virtual machine has none
    findings.push_back(equal("processor's governor", governor, "performance",
                             "a core that wakes slowly lets the card's ring run over",
                             "cpupower frequency-set -g performance"));
  }
}

// A host that takes free pages back has to find new ones whenever the store writes: 2 ns a byte,
// four times what hashing costs. A machine of metal has no balloon.
void look_at_balloon(const Host& host, std::vector<Finding>& findings) {
  const std::string drivers = "/sys/bus/virtio/drivers/virtio_balloon/virtio";
  for (int device = 0; device < kVirtioDevices; ++device) {
    const auto features = host.read(drivers + std::to_string(device) + "/features");
    if (features && features->size() > kReportsFreePages) {
      const bool reports = (*features)[kReportsFreePages] == '1';
      findings.push_back(equal("free pages reported to the host", reports ? "yes" : "no", "no",
                               "each page that the store writes is first fetched from the host",
                               "on the host, QEMU: -device "
                               "virtio-balloon-pci,free-page-reporting=off"));
    }
  }
}

void look_at_ring(const std::string& interface, const char* direction,
                  std::optional<Host::Ring> ring, std::vector<Finding>& findings) {
  if (!ring) {
    return;  // a virtual card has none
  }
  findings.push_back(
      at_least(interface + " ring " + direction, ring->now, ring->most,
               "packets that wait in the card while its interrupt is not served",
               "ethtool -G " + interface + " " + direction + " " + std::to_string(ring->most)));
}

Finding offload(const Host& host, const std::string& interface, Host::Offload which) {
  const bool gso = which == Host::Offload::kGso;
  const auto on = host.offload(interface, which);
  return equal(interface + (gso ? " segmentation" : " coalescing"),
               on ? std::optional<std::string>(*on ? "on" : "off") : std::nullopt, "on",
               "one pass through the kernel for 64 datagrams, not 64",
               "ethtool -K " + interface + (gso ? " gso on" : " gro on"));
}

// By /proc/net/route, whose numbers are in the machine's byte order: "eth1 0002630A 00000000 0001 0
// 0 0 00FFFFFF …". IPv6 has another file: the interface has to be set then.
std::optional<std::string> interface_towards(const Host& host, const std::string& address) {
  in_addr destination{};
  const auto table = host.read("/proc/net/route");
  if (host.interface_with(address)) {
    return "lo";  // this machine's own
  }
  if (!table || ::inet_pton(AF_INET, address.c_str(), &destination) != 1) {
    return std::nullopt;
  }
  std::optional<std::string> best;
  std::uint32_t best_mask = 0;
  for (const std::string_view line : split(*table, '\n')) {
    std::istringstream fields{std::string(line)};
    std::string interface;
    std::string skipped;
    std::uint32_t network = 0;
    std::uint32_t mask = 0;
    fields >> interface >> std::hex >> network >> skipped >> skipped >> skipped >> skipped >>
        skipped >> mask;
    if (fields && (destination.s_addr & mask) == network &&
        (!best || ntohl(mask) > ntohl(best_mask))) {
      best = interface;
      best_mask = mask;
    }
  }
  return best;
}

// Of /proc/net/arp: "10.99.0.2  0x1  0x6  02:…  *  eth1"; flag 4: permanent.
std::optional<std::string> neighbour(const Host& host, const std::string& address) {
  const auto table = host.read("/proc/net/arp");
  if (!table) {
    return std::nullopt;
  }
  for (const std::string_view line : split(*table, '\n')) {
    if (!line.starts_with(address + " ")) {
      continue;
    }
    std::vector<std::string_view> fields = split(line, ' ');
    std::erase(fields, "");
    const bool permanent = fields.size() > 2 && fields[2].starts_with("0x") &&
                           (std::stoul(std::string(fields[2]), nullptr, 16) & 4U) != 0;
    return permanent ? "static" : "learnt";
  }
  return "none";
}

void look_at_neighbour(const Host& host, const std::string& destination,
                       const std::string& interface, std::vector<Finding>& findings) {
  if (interface == "lo" || destination.find(':') != std::string::npos) {
    return;  // of IPv6 there is no such file
  }
  findings.push_back(equal("neighbour " + destination, neighbour(host, destination), "static",
                           "nobody answers ARP through a diode",
                           "ip neigh replace " + destination + " lladdr MAC-OF-THE-HIGH-SIDE dev " +
                               interface + " nud permanent"));
}

void look_at_low_interface(const Host& host, const std::vector<LowEnd>& lanes,
                           const std::string& interface, std::vector<Finding>& findings) {
  const std::string folder = "/sys/class/net/" + interface + "/";
  const LowEnd& end = lanes.front();
  std::uint64_t rate = 0;
  std::set<std::string> destinations;
  for (const LowEnd& lane : lanes) {
    rate += lane.rate;
    destinations.insert(lane.destination);
  }
  findings.push_back(at_least(interface + " MTU", number(host.read(folder + "mtu")), end.mtu,
                              "link.mtu: larger packets are refused by the kernel",
                              "ip link set dev " + interface + " mtu " + std::to_string(end.mtu)));
  if (const auto speed = number(host.read(folder + "speed")); speed && *speed < 1'000'000) {
    findings.push_back(at_least(interface + " speed, Mbit/s", speed, (rate + 999'999) / 1'000'000,
                                "link.rate", "lower link.rate"));
  }
  look_at_ring(interface, "tx", host.send_ring(interface), findings);
  if (end.segmentation) {
    findings.push_back(offload(host, interface, Host::Offload::kGso));
  }
  for (const std::string& destination : destinations) {
    look_at_neighbour(host, destination, interface, findings);
  }
}

void look_at_high_interface(const Host& host, const HighEnd& end, const std::string& interface,
                            std::vector<Finding>& findings) {
  const std::string folder = "/sys/class/net/" + interface + "/";
  const auto speed = number(host.read(folder + "speed"));
  if (speed && *speed > 0 && *speed < 1'000'000) {
    const auto wanted =
        static_cast<std::uint64_t>(static_cast<double>(*speed) * 1e6 / 8 * kBufferSeconds);
    findings.push_back(
        at_least("link.receive_buffer", end.receive_buffer, wanted,
                 "0.2 s of " + interface + " at " + std::to_string(*speed) +
                     " Mbit/s; less for a lower rate of the sender",
                 "set link.receive_buffer = \"" + std::to_string((wanted >> 20U) + 1) + "MiB\""));
  }
  look_at_ring(interface, "rx", host.receive_ring(interface), findings);
  if (end.coalesce) {
    findings.push_back(offload(host, interface, Host::Offload::kGro));
  }
  if (interface == "lo") {
    return;
  }
  const auto flags = host.read(folder + "flags");
  constexpr unsigned long kNoArp = 0x80;  // IFF_NOARP
  const bool no_arp =
      flags && flags->starts_with("0x") && (std::stoul(*flags, nullptr, 16) & kNoArp) != 0;
  findings.push_back(equal(interface + " ARP",
                           flags ? std::optional<std::string>(no_arp ? "off" : "on") : std::nullopt,
                           "off", "the kernel must not answer on the link",
                           "ip link set dev " + interface + " arp off"));
  if (end.address.find(':') == std::string::npos) {
    findings.push_back(equal(interface + " IPv6 disabled",
                             host.read("/proc/sys/net/ipv6/conf/" + interface + "/disable_ipv6"),
                             "1", "neighbour discovery would send by itself",
                             "sysctl -w net.ipv6.conf." + interface + ".disable_ipv6=1"));
  }
}

Finding no_interface(const std::string& what) {
  return {.what = what,
          .state = State::kChange,
          .present = "none",
          .wanted = "an interface",
          .why = "no interface of this machine belongs to it",
          .command = "set link.interface, or give an interface the address"};
}

// The ends by interface; those without one are told.
template <class End, class Find>
std::map<std::string, std::vector<End>> by_interface(const std::vector<End>& ends, const Find& find,
                                                     std::vector<Finding>& findings) {
  std::map<std::string, std::vector<End>> grouped;
  for (const End& end : ends) {
    const auto interface = end.interface.empty() ? find(end) : std::optional(end.interface);
    if (interface) {
      grouped[*interface].push_back(end);
    } else {
      findings.push_back(no_interface("interface of the link"));
    }
  }
  return grouped;
}

}  // namespace

const std::vector<KernelSetting>& kernel_settings() {
  static const std::vector<KernelSetting> settings{
      {"net.core.rmem_max", 268'435'456,
       "the most that link.receive_buffer may ask for: 0.2 s at 10 Gbit/s", false, true},
      {"net.core.wmem_max", 4'194'304, "two batches of the largest sends", true, false},
      {"net.core.netdev_max_backlog", 30'000,
       "packets between interrupt and socket: 36 ms at 10 Gbit/s and MTU 1500", false, true},
      {"net.core.netdev_budget", 600, "packets taken from the card in one round", false, true},
      {"net.core.netdev_budget_usecs", 8'000, "and the time for it", false, true},
      {"net.core.somaxconn", 4'096, "clients of the mirrors that connect at one moment", false,
       true}};
  return settings;
}

std::vector<Finding> look_at_low(const Host& host, const std::vector<LowEnd>& ends) {
  std::vector<Finding> findings;
  look_at_kernel(host, true, findings);
  const auto grouped = by_interface(
      ends, [&](const LowEnd& end) { return interface_towards(host, end.destination); }, findings);
  for (const auto& [interface, lanes] : grouped) {
    look_at_low_interface(host, lanes, interface, findings);
  }
  return findings;
}

std::vector<Finding> look_at_high(const Host& host, const std::vector<HighEnd>& ends) {
  std::vector<Finding> findings;
  look_at_kernel(host, false, findings);
  look_at_balloon(host, findings);
  if (!ends.empty()) {
    const std::uint64_t wanted = ends.front().receive_buffer;
    findings.push_back(at_least("receive buffer granted", host.granted_receive_buffer(wanted),
                                wanted, "what the kernel gives a socket that asks for it",
                                "sysctl -w net.core.rmem_max=" + std::to_string(wanted)));
  }
  const auto grouped = by_interface(
      ends, [&](const HighEnd& end) { return host.interface_with(end.address); }, findings);
  for (const auto& [interface, lanes] : grouped) {
    look_at_high_interface(host, lanes.front(), interface, findings);
  }
  return findings;
}

bool all_well(const std::vector<Finding>& findings) {
  return std::ranges::none_of(
      findings, [](const Finding& finding) { return finding.state == State::kChange; });
}

}  // namespace sluice::tune
