#include "common/link/socket/socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace sluice::link {

Descriptor::~Descriptor() {
  if (value_ >= 0) {
    close(value_);
  }
}

Result<Descriptor> open_udp(int family, const std::string& thing) {
  Descriptor descriptor(socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (descriptor.get() < 0) {
    return errno_error(thing, errno);
  }
  return descriptor;
}

Result<void> set_option(int descriptor, int level, int option, int value, const std::string& thing,
                        const char* option_name) {
  if (setsockopt(descriptor, level, option, &value, sizeof value) != 0) {
    return errno_error(thing + ", option " + option_name, errno);
  }
  return {};
}

std::size_t set_buffer(int descriptor, int forced, int plain, std::size_t bytes) {
  // The kernel keeps twice the figure, for its own overhead, and reports what it keeps.
  const int wanted = static_cast<int>(std::min<std::size_t>(bytes, INT_MAX / 2));
  if (setsockopt(descriptor, SOL_SOCKET, forced, &wanted, sizeof wanted) != 0) {
    setsockopt(descriptor, SOL_SOCKET, plain, &wanted, sizeof wanted);
  }
  int obtained = 0;
  socklen_t length = sizeof obtained;
  getsockopt(descriptor, SOL_SOCKET, plain, &obtained, &length);
  return static_cast<std::size_t>(obtained) / 2;
}

Result<void> bind_to_interface(int descriptor, const std::string& name) {
  if (setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, name.c_str(),
                 static_cast<socklen_t>(name.size() + 1)) != 0) {
    return errno_error("interface '" + name + "'", errno);
  }
  return {};
}

}  // namespace sluice::link
