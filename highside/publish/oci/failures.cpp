#include "highside/publish/oci/failures.h"

#include "highside/pipeline/publishing.h"

namespace sluice::high {

http::Response push_failure(const Error& error, std::string_view code) {
  const unsigned status = publish_status(error);
  return registry_error(status,
                        status == 409   ? "DENIED"
                        : status >= 500 ? "UNAVAILABLE"
                                        : code,
                        error.message());
}

}  // namespace sluice::high
