#include "highside/mirror/oci/registry_request.h"

namespace sluice::high {
namespace {

using What = RegistryRequest::What;

constexpr std::string_view kTagsList = "/tags/list";

struct Kind {
  std::string_view between;  // name and reference
  What what;
};
constexpr Kind kKinds[] = {
    {"/manifests", What::kManifest}, {"/blobs", What::kBlob}, {"/referrers", What::kReferrers}};

}  // namespace

std::optional<RegistryRequest> read_registry_request(std::string_view path) {
  if (path.empty() || path == "/") {
    return RegistryRequest{What::kBase};
  }
  path.remove_prefix(path.front() == '/' ? 1 : 0);
  if (path == "_catalog") {
    return RegistryRequest{What::kCatalog};
  }
  if (path.ends_with(kTagsList)) {
    return RegistryRequest{What::kTags,
                           std::string(path.substr(0, path.size() - kTagsList.size()))};
  }
  // A name may have such parts itself: the last one counts.
  const std::size_t slash = path.rfind('/');
  const std::string_view before = path.substr(0, slash == std::string_view::npos ? 0 : slash);
  for (const Kind& kind : kKinds) {
    if (before.size() > kind.between.size() && before.ends_with(kind.between)) {
      return RegistryRequest{kind.what,
                             std::string(before.substr(0, before.size() - kind.between.size())),
                             std::string(path.substr(slash + 1))};
    }
  }
  return std::nullopt;
}

}  // namespace sluice::high
