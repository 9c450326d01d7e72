#include "common/process/way_out.h"

#include <array>

#include "common/process/run.h"

namespace sluice::process {
namespace {

constexpr std::array kPassedOn{"PATH",       "HTTPS_PROXY",  "https_proxy",  "HTTP_PROXY",
                               "http_proxy", "NO_PROXY",     "no_proxy",     "ALL_PROXY",
                               "all_proxy",  "SSL_CERT_DIR", "SSL_CERT_FILE"};

}  // namespace

std::map<std::string, std::string> way_out() {
  std::map<std::string, std::string> result;
  for (const char* name : kPassedOn) {
    if (auto value = environment_variable(name)) {
      result[name] = std::move(*value);
    }
  }
  return result;
}

}  // namespace sluice::process
