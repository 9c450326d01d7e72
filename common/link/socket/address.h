// A numeric address and port. Names are never looked up: the sides of a link must not depend on a
// resolver, and the high side asks nobody anything.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "common/base/error.h"

namespace sluice::link {

class Address {
 public:
  // "192.0.2.7", "2001:db8::1", "ff05::1". kInvalid: anything else.
  static Result<Address> parse(const std::string& host, std::uint16_t port);
  // Where a socket is bound.
  static Result<Address> of_socket(int descriptor);

  int family() const { return storage_.ss_family; }
  bool ipv6() const { return family() == AF_INET6; }
  bool multicast() const;
  std::uint16_t port() const;
  std::string to_string() const;  // "192.0.2.7:7001", "[2001:db8::1]:7001"

  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const;
  // An IPv6 link-local address means nothing without its interface.
  void set_scope(unsigned interface_index);

 private:
  sockaddr_storage storage_{};
};

// The index of a network interface; kNotFound names it.
Result<unsigned> interface_index(const std::string& name);

}  // namespace sluice::link
