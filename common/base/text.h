// Text encodings that several folders need.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"

namespace sluice {

std::string hex_encode(ByteView bytes);  // lowercase
std::optional<Bytes> hex_decode(
    std::string_view hex);  // either case; none for an odd length or another character
std::string base64_encode(ByteView bytes);                  // RFC 4648 section 4, padded
std::optional<Bytes> base64_decode(std::string_view text);  // strict: padded, no white space
std::string_view trim(std::string_view text);  // without spaces, tabs, CR and LF at either end
std::vector<std::string_view> split(
    std::string_view text, char separator);  // "a,,b" gives three parts; "" gives one, empty

struct HostPort {
  std::string host;  // without the brackets of an IPv6 address
  std::uint16_t port = 0;
};
// "192.0.2.7:7400", "[2001:db8::1]:7400"; none for anything else. The host is not looked into.
std::optional<HostPort> split_host_port(std::string_view text);

// "3.2 MiB", "17 B": for people.
std::string human_size(std::uint64_t bytes);

}  // namespace sluice
