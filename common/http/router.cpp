#include "common/http/router.h"

#include <algorithm>

namespace sluice::http {

void Router::mount(std::string prefix, Handler handler) {
  SLUICE_ASSERT(prefix.starts_with('/') && (prefix == "/" || !prefix.ends_with('/')));
  SLUICE_ASSERT(mounts_.emplace(std::move(prefix), std::move(handler)).second);
}

Response Router::handle(const Request& request) const {
  // "/a/b/c", then "/a/b", "/a", "/".
  std::string_view prefix = request.raw_path;
  for (;;) {
    if (const auto found = mounts_.find(prefix); found != mounts_.end()) {
      return found->second(request);
    }
    if (prefix.size() <= 1) {
      return error_response(404, request.raw_path + ": nothing is served under this path");
    }
    const std::size_t slash = prefix.rfind('/');
    prefix =
        prefix.substr(0, std::max<std::size_t>(slash == std::string_view::npos ? 0 : slash, 1));
  }
}

}  // namespace sluice::http
