#include "common/tune/tune.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <map>
#include <sstream>

#include "common/base/text.h"

namespace sluice::tune {
namespace {

using State = Finding::State;

// A machine on which everything is as it should be.
class FakeHost final : public Host {
 public:
  FakeHost() {
    for (const KernelSetting& setting : kernel_settings()) {
      std::string path = setting.name;
      std::ranges::replace(path, '.', '/');
      files["/proc/sys/" + path] = std::to_string(setting.wanted);
    }
    files["/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"] = "performance";
    files["/sys/bus/virtio/drivers/virtio_balloon/virtio3/features"] =
        "01100001000000000000000000000000";
    files["/sys/class/net/eth1/mtu"] = "9000";
    files["/sys/class/net/eth1/speed"] = "10000";
    files["/sys/class/net/eth1/flags"] = "0x1083";
    files["/proc/sys/net/ipv6/conf/eth1/disable_ipv6"] = "1";
    // The default route, one of eth1, and one that is narrower and does not fit.
    files["/proc/net/route"] =
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "eth1\t0000630A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
        "eth2\t8000630A\t00000000\t0001\t0\t0\t0\t80FFFFFF\t0\t0\t0";
    files["/proc/net/arp"] =
        "IP address       HW type     Flags       HW address            Mask     Device\n"
        "10.99.0.2        0x1         0x6         02:00:00:00:00:02     *        eth1";
  }

  std::optional<std::string> read(const std::string& path) const override {
    const auto found = files.find(path);
    return found == files.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<std::string> interface_with(const std::string& address) const override {
    return address == "10.99.0.7" ? interface : std::nullopt;
  }
  std::optional<Ring> receive_ring(const std::string&) const override { return ring; }
  std::optional<Ring> send_ring(const std::string&) const override { return ring; }
  std::optional<bool> offload(const std::string&, Offload) const override { return offloads; }
  std::optional<std::uint64_t> granted_receive_buffer(std::uint64_t bytes) const override {
    return std::min(bytes, granted);
  }

  std::map<std::string, std::string> files;
  std::optional<std::string> interface = "eth1";
  std::optional<Ring> ring = Ring{4096, 4096};
  std::optional<bool> offloads = true;
  std::uint64_t granted = UINT64_MAX;
};

const LowEnd kLow{.destination = "10.99.0.2",
                  .interface = "",
                  .mtu = 9000,
                  .rate = 5'000'000'000,
                  .segmentation = true};
const HighEnd kHigh{
    .address = "10.99.0.7", .interface = "", .receive_buffer = 256'000'000, .coalesce = true};

std::vector<Finding> changes(std::vector<Finding> findings) {
  std::erase_if(findings, [](const Finding& one) { return one.state != State::kChange; });
  return findings;
}

TEST(Tune, AMachineThatIsRightNeedsNothing) {
  const FakeHost host;
  EXPECT_EQ(as_text(changes(look_at_low(host, {kLow, kLow}))), "");
  EXPECT_EQ(as_text(changes(look_at_high(host, {kHigh}))), "");
  EXPECT_TRUE(all_well(look_at_low(host, {kLow})));
  EXPECT_GE(look_at_low(host, {kLow}).size(), 6U);
  EXPECT_GE(look_at_high(host, {kHigh}).size(), 9U);
}

struct Fault {
  const char* what;  // part of the finding's name
  std::function<void(FakeHost&)> spoil;
  bool low, high;
  const char* command;  // a part
};

class FaultTest : public testing::TestWithParam<Fault> {};

TEST_P(FaultTest, IsFoundAloneWithTheCommandThatMendsIt) {
  const Fault& fault = GetParam();
  for (const bool low : {true, false}) {
    FakeHost host;
    fault.spoil(host);
    const auto found = changes(low ? look_at_low(host, {kLow}) : look_at_high(host, {kHigh}));
    ASSERT_EQ(found.size(), (low ? fault.low : fault.high) ? 1U : 0U) << as_text(found);
    if (!found.empty()) {
      EXPECT_NE(found[0].what.find(fault.what), std::string::npos) << as_text(found);
      EXPECT_NE(found[0].command.find(fault.command), std::string::npos) << as_text(found);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Each, FaultTest,
    testing::Values(
        Fault{"rmem_max", [](FakeHost& h) { h.files["/proc/sys/net/core/rmem_max"] = "212992"; },
              false, true, "sysctl -w net.core.rmem_max=268435456"},
        Fault{"wmem_max", [](FakeHost& h) { h.files["/proc/sys/net/core/wmem_max"] = "212992"; },
              true, false, "net.core.wmem_max=4194304"},
        Fault{"backlog",
              [](FakeHost& h) { h.files["/proc/sys/net/core/netdev_max_backlog"] = "1000"; }, false,
              true, "=30000"},
        Fault{"governor",
              [](FakeHost& h) {
                h.files["/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"] = "powersave";
              },
              true, true, "performance"},
        Fault{"free pages",
              [](FakeHost& h) {
                h.files["/sys/bus/virtio/drivers/virtio_balloon/virtio3/features"] =
                    "01100101000000000000000000000000";
              },
              false, true, "free-page-reporting=off"},
        Fault{"MTU", [](FakeHost& h) { h.files["/sys/class/net/eth1/mtu"] = "1500"; }, true, false,
              "ip link set dev eth1 mtu 9000"},
        Fault{"neighbour",
              [](FakeHost& h) {
                h.files["/proc/net/arp"] = "10.99.0.2  0x1  0x2  02:00:00:00:00:02  *  eth1";
              },
              true, false, "nud permanent"},
        Fault{"neighbour", [](FakeHost& h) { h.files["/proc/net/arp"] = "IP address"; }, true,
              false, "lladdr"},
        Fault{"ARP", [](FakeHost& h) { h.files["/sys/class/net/eth1/flags"] = "0x1003"; }, false,
              true, "arp off"},
        Fault{"IPv6",
              [](FakeHost& h) { h.files["/proc/sys/net/ipv6/conf/eth1/disable_ipv6"] = "0"; },
              false, true, "disable_ipv6=1"},
        Fault{"ring", [](FakeHost& h) { h.ring = Host::Ring{512, 4096}; }, true, true,
              "ethtool -G eth1"},
        Fault{"eth1", [](FakeHost& h) { h.offloads = false; }, true, true, "ethtool -K eth1"},
        Fault{"granted", [](FakeHost& h) { h.granted = 425'984; }, false, true, "rmem_max"},
        Fault{"interface",
              [](FakeHost& h) {
                h.interface = std::nullopt;
                h.files.erase("/proc/net/route");
              },
              true, true, "address"}));

TEST(Tune, LanesOfOneCardShareItsSpeed) {
  const FakeHost host;
  const auto found = changes(look_at_low(host, {kLow, kLow, kLow}));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].what, "eth1 speed, Mbit/s");
  EXPECT_EQ(found[0].wanted, "at least 15000");
}

TEST(Tune, TheReceiveBufferIsHeldAgainstTheCardsSpeed) {
  const FakeHost host;
  HighEnd small = kHigh;
  small.receive_buffer = std::uint64_t{64} << 20;
  const auto found = changes(look_at_high(host, {small}));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].what, "link.receive_buffer");
  EXPECT_EQ(found[0].wanted, "at least 250000000");
}

TEST(Tune, WhatTheMachineDoesNotSayIsNoFault) {
  FakeHost host;
  const std::string routes = host.files["/proc/net/route"];
  host.files = {{"/proc/net/route", routes}};
  host.ring = std::nullopt;
  host.offloads = std::nullopt;
  EXPECT_TRUE(all_well(look_at_low(host, {kLow})));
  EXPECT_NE(as_text(look_at_low(host, {kLow})).find("unknown"), std::string::npos);
}

TEST(Tune, JsonHasTheSame) {
  const auto findings = look_at_low(FakeHost(), {kLow});
  const auto list = boost::json::parse(as_json(findings)).as_array();
  ASSERT_EQ(list.size(), findings.size());
  EXPECT_EQ(list[0].at("what").as_string(), findings[0].what);
  EXPECT_EQ(list[0].at("state").as_string(), "ok");
}

TEST(Tune, TheInstalledFileSetsWhatIsWanted) {
  std::ifstream file(SLUICE_SOURCE_DIR "/deploy/sysctl/90-sluice.conf");
  ASSERT_TRUE(file);
  std::map<std::string, std::string> set;
  for (std::string line; std::getline(file, line);) {
    if (const auto equals = line.find('='); !line.starts_with('#') && equals != std::string::npos) {
      set[std::string(trim(line.substr(0, equals)))] = trim(line.substr(equals + 1));
    }
  }
  std::map<std::string, std::string> wanted;
  for (const KernelSetting& setting : kernel_settings()) {
    wanted[setting.name] = std::to_string(setting.wanted);
  }
  EXPECT_EQ(set, wanted);
}

TEST(Tune, ThisMachineAnswers) {
  EXPECT_EQ(this_host().interface_with("127.0.0.1"), "lo");
  EXPECT_TRUE(this_host().read("/proc/sys/kernel/ostype"));
  EXPECT_FALSE(this_host().read("/proc/no/such/file"));
  EXPECT_GT(this_host().granted_receive_buffer(100'000).value_or(0), 0U);
  EXPECT_FALSE(this_host().receive_ring("no-such-card"));
}

}  // namespace
}  // namespace sluice::tune
