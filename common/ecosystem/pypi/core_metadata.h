// What a distribution says of itself: METADATA of a wheel, PKG-INFO of a source archive
// (specification "Core metadata", a header in the form of RFC 822).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/ecosystem/pypi/version.h"

namespace sluice::pypi {

// The longest are READMEs of half a megabyte.
inline constexpr std::uint64_t kMaxCoreMetadataBytes = std::uint64_t{8} << 20;

struct CoreMetadata {
  std::string name;  // as it is written
  std::string version;
  std::string metadata_version;
  std::string requires_python;
  std::vector<std::string> requires_dist;
  std::vector<std::string> provides_extra;
  std::vector<std::string> dynamic;  // fields that only building it would tell, in lower case
};

// `thing` for messages. kInvalid: it is not of that project (normalised) and version.
Result<CoreMetadata> read_core_metadata(const std::string& thing, std::string_view project,
                                        const Version& version, std::string_view text);

}  // namespace sluice::pypi
