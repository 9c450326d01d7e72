#include "highside/pipeline/registry_error.h"

#include <boost/json.hpp>

namespace sluice::high {

namespace json = boost::json;

http::Response registry_errors(unsigned status, std::vector<RegistryError> errors) {
  json::array all;
  for (RegistryError& error : errors) {
    json::object shown{{"code", error.code}, {"message", error.message}};
    if (!error.detail.is_null()) {
      shown["detail"] = std::move(error.detail);
    }
    all.push_back(std::move(shown));
  }
  return http::json_response(json::serialize(json::object{{"errors", std::move(all)}}) + "\n",
                             status);
}

http::Response registry_error(unsigned status, std::string_view code, std::string_view message,
                              json::value detail) {
  std::vector<RegistryError> one;
  one.push_back({std::string(code), std::string(message), std::move(detail)});
  return registry_errors(status, std::move(one));
}

}  // namespace sluice::high
