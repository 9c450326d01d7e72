// Who built a file and from what, as its index gives it out: a provenance object of attestations
// (PEP 740, "Index hosted attestations").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/digest.h"
#include "common/base/error.h"

namespace sluice::pypi {

// Those that are published have 5 to 60 KiB.
inline constexpr std::uint64_t kMaxProvenanceBytes = std::uint64_t{1} << 20;
inline constexpr std::string_view kProvenanceMediaType = "application/vnd.pypi.integrity.v1+json";

// It holds one attestation at least, and each is of the file with that SHA-256. Their signatures
// are for clients to verify, who know whom they trust. kInvalid: `thing` names it.
Result<void> check_provenance(const std::string& thing, const Sha256Digest& file,
                              std::string_view text);

}  // namespace sluice::pypi
