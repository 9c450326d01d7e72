// Artifacts that are images in Singularity's format.
#pragma once

#include <string>

#include "common/base/bytes.h"
#include "common/ecosystem/oci/manifest.h"
#include "common/store/blob_store.h"

namespace sluice::high {

// What an operator says of signatures inside of such images.
struct SifRules {
  Bytes keyring{};                   // binary (apt/keyring.h); empty: signatures are not looked at
  bool requires_signatures = false;  // else what is unsigned passes
};

// Of a blob of the store, which has at least that many bytes. kInvalid: it is no sound image.
// kIntegrity, kRefused: by its signatures, as the low side decides
// (lowside/upstream/oci/sif_check.h). `looks_at_signatures`: reads all of it, unlike the structure.
Result<void> check_sif(const std::string& thing, const Sha256Digest& digest,
                       const store::BlobStore& blobs, const SifRules& rules,
                       bool looks_at_signatures);

// A manifest that is held, of `size` bytes. Errors: it is not held, or does not read.
Result<oci::Manifest> read_held_manifest(const std::string& thing, const Sha256Digest& digest,
                                         std::uint64_t size, const std::string& media_type,
                                         const store::BlobStore& blobs);

}  // namespace sluice::high
