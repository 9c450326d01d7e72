// What can be asked of the machine, so that tests can stand for any machine. Read only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sluice::tune {

// One thread. None: this machine does not say.
class Host {
 public:
  virtual ~Host() = default;
  // A file of /proc or /sys, without the spaces at its end.
  virtual std::optional<std::string> read(const std::string& path) const = 0;
  // The interface that has this numeric address of the machine.
  virtual std::optional<std::string> interface_with(const std::string& address) const = 0;

  struct Ring {
    std::uint32_t now = 0;
    std::uint32_t most = 0;
  };
  virtual std::optional<Ring> receive_ring(const std::string& interface) const = 0;
  virtual std::optional<Ring> send_ring(const std::string& interface) const = 0;
  enum class Offload { kGso, kGro };
  virtual std::optional<bool> offload(const std::string& interface, Offload which) const = 0;
  // What a socket of this process gets that asks for so much.
  virtual std::optional<std::uint64_t> granted_receive_buffer(std::uint64_t bytes) const = 0;
};

// This machine: /proc, /sys, getifaddrs(3), SIOCETHTOOL (linux/ethtool.h).
const Host& this_host();

}  // namespace sluice::tune
