// The target of a request line, taken apart (RFC 9112 section 3.2). Decoding happens here and
// nowhere else, exactly once.
#pragma once

#include <string>
#include <string_view>

#include "common/base/error.h"

namespace sluice::http {

struct Target {
  std::string path;       // decoded; see Request::path
  std::string raw_path;   // as it came
  std::string query;      // as it came, without the '?'
  std::string authority;  // of the absolute form ("http://host:port/path"); else empty
};

// kInvalid: neither origin form nor absolute form, a bad escape, a NUL, a "." or ".." segment
// (written plainly or encoded), a fragment.
Result<Target> parse_target(std::string_view target);

// "host", "host:8080", "[::1]:8080": characters of RFC 3986 names, a port of digits, nothing else.
bool is_authority(std::string_view text);

}  // namespace sluice::http
