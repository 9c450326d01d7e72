// How clients of registries come by what they send: a challenge that names where tokens are given
// out, and what is given there (Docker's registry token authentication, which all of them speak).
//
// A site's token is given back as it came, with the password of Basic, so that it goes on as
// "Bearer"; who has none is given one that stands for nobody. Basic alone would be simpler, but
// Docker then refuses to pull for who has not logged in.
#pragma once

#include <string>

#include "common/http/message.h"

namespace sluice::high {

// The value of WWW-Authenticate. `document`: for which repository; empty: none. `prefix`: "/v2".
std::string bearer_challenge(const http::Request& request, const std::string& prefix,
                             const std::string& document);

// {"token":…}, of credentials that were found good, or of none.
http::Response bearer_answer(const http::Credentials& given);

// Nobody's, where they are the token that stands for nobody, or Basic without name and password.
http::Credentials without_anonymous(const http::Credentials& given);

}  // namespace sluice::high
