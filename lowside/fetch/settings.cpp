#include "lowside/fetch/settings.h"

#include "common/process/run.h"

namespace sluice::low {

void apply_environment(FetchSettings& settings) {
  for (const char* name : {"SSL_CERT_FILE", "CURL_CA_BUNDLE"}) {  // the later one wins
    if (const auto file = process::environment_variable(name)) {
      settings.ca_file = *file;
    }
  }
  if (const auto folder = process::environment_variable("SSL_CERT_DIR")) {
    settings.ca_folder = *folder;
  }
}

}  // namespace sluice::low
