#include "common/tune/host.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>
#include <fstream>
#include <sstream>

#include "common/base/text.h"
#include "common/link/socket/address.h"
#include "common/link/socket/socket.h"

namespace sluice::tune {
namespace {

// Addresses as texts without the port, so that families compare alike.
std::optional<std::string> host_of(const sockaddr* address) {
  char text[INET6_ADDRSTRLEN] = {};
  const void* bytes = nullptr;
  if (address == nullptr) {
    return std::nullopt;
  }
  if (address->sa_family == AF_INET) {
    bytes = &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
  } else if (address->sa_family == AF_INET6) {
    bytes = &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  } else {
    return std::nullopt;
  }
  return inet_ntop(address->sa_family, bytes, text, sizeof text) == nullptr
             ? std::nullopt
             : std::optional<std::string>(text);
}

class ThisHost final : public Host {
 public:
  std::optional<std::string> read(const std::string& path) const override {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return file.is_open() && !file.bad() ? std::optional(std::string(trim(text.str())))
                                         : std::nullopt;
  }

  std::optional<std::string> interface_with(const std::string& address) const override {
    const auto wanted = link::Address::parse(address, 0);
    if (!wanted) {
      return std::nullopt;
    }
    const auto text = host_of(wanted->data());
    std::optional<std::string> found;
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) {
      return std::nullopt;
    }
    for (const ifaddrs* one = all; one != nullptr && !found; one = one->ifa_next) {
      if (host_of(one->ifa_addr) == text) {
        found = one->ifa_name;
      }
    }
    ::freeifaddrs(all);
    return found;
  }

  std::optional<Ring> receive_ring(const std::string& interface) const override {
    const auto rings = ring_parameters(interface);
    return rings ? std::optional<Ring>({rings->rx_pending, rings->rx_max_pending}) : std::nullopt;
  }
  std::optional<Ring> send_ring(const std::string& interface) const override {
    const auto rings = ring_parameters(interface);
    return rings ? std::optional<Ring>({rings->tx_pending, rings->tx_max_pending}) : std::nullopt;
  }

  std::optional<bool> offload(const std::string& interface, Offload which) const override {
    ethtool_value value{
        .cmd = which == Offload::kGso ? std::uint32_t{ETHTOOL_GGSO} : std::uint32_t{ETHTOOL_GGRO},
        .data = 0};
    return ask(interface, &value) ? std::optional(value.data != 0) : std::nullopt;
  }

  std::optional<std::uint64_t> granted_receive_buffer(std::uint64_t bytes) const override {
    const auto socket = link::open_udp(AF_INET, "receive buffer");
    if (!socket) {
      return std::nullopt;
    }
    return link::set_buffer(socket->get(), SO_RCVBUFFORCE, SO_RCVBUF,
                            static_cast<std::size_t>(bytes));
  }

 private:
  static std::optional<ethtool_ringparam> ring_parameters(const std::string& interface) {
    ethtool_ringparam rings{};
    rings.cmd = ETHTOOL_GRINGPARAM;
    return ask(interface, &rings) && rings.rx_max_pending > 0 ? std::optional(rings) : std::nullopt;
  }

  static bool ask(const std::string& interface, void* question) {
    ifreq request{};
    if (interface.size() >= sizeof request.ifr_name) {
      return false;
    }
    std::memcpy(request.ifr_name, interface.c_str(), interface.size() + 1);
    request.ifr_data = static_cast<char*>(question);
    const auto socket = link::open_udp(AF_INET, "card " + interface);
    return socket && ::ioctl(socket->get(), SIOCETHTOOL, &request) == 0;
  }
};

}  // namespace

const Host& this_host() {
  static const ThisHost host;
  return host;
}

}  // namespace sluice::tune
