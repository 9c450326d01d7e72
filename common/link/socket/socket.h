// A socket's descriptor and its options, as Results.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "common/base/error.h"

namespace sluice::link {

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Descriptor();
  int get() const { return value_; }

 private:
  int value_;
};

// A UDP socket of the family, closed on exec.
Result<Descriptor> open_udp(int family, const std::string& thing);

// setsockopt with an int; `thing` and `option_name` are for the error.
Result<void> set_option(int descriptor, int level, int option, int value, const std::string& thing,
                        const char* option_name);

// Asks for a buffer of `bytes`: past the system's limit where the process may, else up to it
// (`forced` is SO_SNDBUFFORCE or SO_RCVBUFFORCE, `plain` its ordinary sister). Returns the bytes
// obtained.
std::size_t set_buffer(int descriptor, int forced, int plain, std::size_t bytes);

// Uses one interface only.
Result<void> bind_to_interface(int descriptor, const std::string& name);

}  // namespace sluice::link
