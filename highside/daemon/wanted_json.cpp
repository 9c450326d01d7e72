#include "highside/daemon/wanted_json.h"

#include <boost/json.hpp>

#include "common/ecosystem/purl/package_url.h"

namespace sluice::high {

boost::json::array wanted_json(const std::vector<Wanted>& packages) {
  boost::json::array array;
  for (const Wanted& wanted : packages) {
    const auto package = purl::read_package_url(wanted.package).value_or(purl::Package{});
    array.push_back(
        {{"package", wanted.package},
         {"type", package.type},
         {"name", package.name},
         {"version", package.version},
         {"times", wanted.times},
         {"first", format_rfc3339(wanted.first)},
         {"last", format_rfc3339(wanted.last)},
         {"clients", boost::json::array(wanted.clients.begin(), wanted.clients.end())}});
  }
  return array;
}

}  // namespace sluice::high
