// How a registry asks for credentials, and what its token server answers (RFC 9110 section 11, RFC
// 6750, and the token specification of Docker's distribution).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace sluice::low {

struct OciChallenge {
  bool basic = false;  // else Bearer, with what follows
  std::string realm;   // the token server's address
  std::string service;
  std::string scope;
};

// Of a WWW-Authenticate header, several joined by commas: Bearer where it is among them, else
// Basic. None: neither is, or it cannot be read. Each part is printable ASCII of at most 1 KiB.
std::optional<OciChallenge> read_challenge(std::string_view header);

// Where a token for `scope` is to be had; `account` may be empty. kRefused, kInvalid: the realm is
// no address, has credentials in it, or leads from https to http.
Result<std::string> token_uri(const std::string& registry, const OciChallenge& challenge,
                              std::string_view scope, std::string_view account);

struct OciToken {
  std::string text;
  std::chrono::seconds life{60};  // what holds where the server does not say
};
// kInvalid: there is no token in it that could stand in a header, or of more than 32 KiB.
Result<OciToken> read_token(const std::string& thing, std::string_view body);

}  // namespace sluice::low
