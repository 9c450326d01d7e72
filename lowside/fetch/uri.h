// URIs as the fetcher sees them: where to connect, and with which credentials.
#pragma once

#include <string>
#include <string_view>

#include "common/base/error.h"

namespace sluice::low {

struct Uri {
  std::string text;    // without credentials and fragment: for requests, logs and errors
  std::string scheme;  // "http" or "https"
  std::string host;    // in lower case, as it is resolved
  std::string origin;  // "https://host:port": credentials and headers never leave it
  std::string user;    // decoded; empty where there is none
  std::string password;
};

// kInvalid: not a URI. kRefused: a scheme other than http and https.
Result<Uri> parse_uri(std::string_view text);

}  // namespace sluice::low
