// Which of an index's images are wanted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/ecosystem/oci/manifest.h"

namespace sluice::low {

// "linux/amd64", "linux/arm64" (any variant), "linux/arm/v7": lower-case letters, digits, '.', '_'
// and '-' in two or three parts. kInvalid: it is none.
Result<void> check_platform(std::string_view platform);

// Indices into index.children: those of one of `platforms` (none named: all), those of no platform,
// and attestations that BuildKit made of an image among these ("unknown/unknown", with the image's
// digest in an annotation).
std::vector<std::size_t> wanted_children(const oci::Manifest& index,
                                         const std::vector<std::string>& platforms);

}  // namespace sluice::low
