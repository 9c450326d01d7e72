#include "common/link/socket/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace sluice::link {
namespace {

const sockaddr_in& v4(const sockaddr_storage& storage) {
  return reinterpret_cast<const sockaddr_in&>(storage);
}
const sockaddr_in6& v6(const sockaddr_storage& storage) {
  return reinterpret_cast<const sockaddr_in6&>(storage);
}

}  // namespace

Result<Address> Address::parse(const std::string& host, std::uint16_t port) {
  Address address;
  auto& in4 = reinterpret_cast<sockaddr_in&>(address.storage_);
  auto& in6 = reinterpret_cast<sockaddr_in6&>(address.storage_);
  if (inet_pton(AF_INET, host.c_str(), &in4.sin_addr) == 1) {
    in4.sin_family = AF_INET;
    in4.sin_port = htons(port);
    return address;
  }
  address.storage_ = {};
  if (inet_pton(AF_INET6, host.c_str(), &in6.sin6_addr) == 1) {
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(port);
    return address;
  }
  return Error{ErrorCode::kInvalid, "address '" + host + "'",
               "it is neither an IPv4 nor an IPv6 address",
               "write a numeric address such as 192.0.2.7 or 2001:db8::7"};
}

Result<Address> Address::of_socket(int descriptor) {
  Address address;
  socklen_t length = sizeof address.storage_;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address.storage_), &length) != 0) {
    return errno_error("address of a socket", errno);
  }
  return address;
}

bool Address::multicast() const {
  return ipv6() ? IN6_IS_ADDR_MULTICAST(&v6(storage_).sin6_addr)
                : IN_MULTICAST(ntohl(v4(storage_).sin_addr.s_addr));
}

std::uint16_t Address::port() const {
  return ntohs(ipv6() ? v6(storage_).sin6_port : v4(storage_).sin_port);
}

std::string Address::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (ipv6()) {
    inet_ntop(AF_INET6, &v6(storage_).sin6_addr, text.data(), text.size());
    return "[" + std::string(text.data()) + "]:" + std::to_string(port());
  }
  inet_ntop(AF_INET, &v4(storage_).sin_addr, text.data(), text.size());
  return std::string(text.data()) + ":" + std::to_string(port());
}

socklen_t Address::size() const { return ipv6() ? sizeof(sockaddr_in6) : sizeof(sockaddr_in); }

void Address::set_scope(unsigned interface_index) {
  if (ipv6()) {
    reinterpret_cast<sockaddr_in6&>(storage_).sin6_scope_id = interface_index;
  }
}

Result<unsigned> interface_index(const std::string& name) {
  const unsigned index = if_nametoindex(name.c_str());
  if (index == 0) {
    return Error{ErrorCode::kNotFound, "interface '" + name + "'", errno_error("", errno).cause,
                 "`ip link` lists the interfaces of this machine"};
  }
  return index;
}

}  // namespace sluice::link
