// What a client of a registry asks for, read from the path (OCI distribution 1.1, "Endpoints").
//
//   /                                 kBase
//   /_catalog                         kCatalog
//   /NAME/manifests/TAG-OR-DIGEST     kManifest
//   /NAME/blobs/DIGEST                kBlob
//   /NAME/tags/list                   kTags
//   /NAME/referrers/DIGEST            kReferrers
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::high {

struct RegistryRequest {
  enum class What { kBase, kCatalog, kManifest, kBlob, kTags, kReferrers };

  What what = What::kBase;
  std::string name{};       // as it came: of no repository, perhaps
  std::string reference{};  // likewise
};

// `path`: below the mirror's prefix, decoded. None: registries have no such address.
std::optional<RegistryRequest> read_registry_request(std::string_view path);

}  // namespace sluice::high
