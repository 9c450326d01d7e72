// What manifests are asked for as.
#pragma once

#include <string_view>

namespace sluice::low {

// All that common/ecosystem/oci/manifest.h reads. A registry may answer with another digest, or not
// at all, to whoever takes less.
inline constexpr std::string_view kManifestTypes =
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json";

}  // namespace sluice::low
