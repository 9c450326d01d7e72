// The errors of registries of images, as their clients read them (OCI distribution 1.1, "Error
// Codes"): {"errors":[{"code","message","detail"}]}.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/http/message.h"

namespace sluice::high {

struct RegistryError {
  std::string code;  // "MANIFEST_UNKNOWN"
  std::string message;
  boost::json::value detail = nullptr;  // null: none
};

http::Response registry_error(unsigned status, std::string_view code, std::string_view message,
                              boost::json::value detail = nullptr);
// Several at once, such as one for each blob that is missing.
http::Response registry_errors(unsigned status, std::vector<RegistryError> errors);

}  // namespace sluice::high
