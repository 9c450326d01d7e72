#include "highside/mirror/oci/snapshot_names.h"

namespace sluice::high {
namespace {

constexpr std::string_view kRegistry = "/v2";

// "/v2/snapshot/NAME/rest" as "/snapshot/NAME/v2/rest".
std::string behind(const std::string& path) {
  if (!path.starts_with("/v2/snapshot/") && !path.starts_with("/v2/edition/")) {
    return path;
  }
  std::string moved = path.substr(kRegistry.size());
  const std::size_t name = moved.find('/', 1) + 1;
  moved.insert(std::min(moved.find('/', name), moved.size()), kRegistry);
  return moved;
}

}  // namespace

http::Request behind_the_snapshot(const http::Request& request) {
  http::Request moved = request;
  moved.path = behind(request.path);
  moved.raw_path = behind(request.raw_path);
  return moved;
}

}  // namespace sluice::high
