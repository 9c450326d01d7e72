// A shipment's manifest: the exact bytes that were signed, and what they say.
#pragma once

#include "common/base/bytes.h"
#include "common/base/error.h"
#include "common/crypto/keys.h"
#include "sluice/shipment.pb.h"

namespace sluice::wire {

// Fields of a manifest at all depths, those of the records' bodies included. Nothing is parsed that
// has more: tiny fields take many times their bytes in memory, some 100 bytes each. A manifest of
// kMaxManifestBytes with real names and digests (more than 8 bytes a field) has fewer.
inline constexpr std::size_t kMaxManifestFields = 8'000'000;

// The manifest blob's bytes: a SignedEnvelope of the domain "sluice shipment v1".
Bytes sign_manifest(const proto::Shipment& shipment, const crypto::SigningKey& key);

// Checks the signature before parsing, then the limits of limits.h, that digests have their
// lengths, that no blob is listed twice, that stream and sequence are set, and that documents are
// unique. kIntegrity or kInvalid names what does not hold.
Result<proto::Shipment> read_manifest(ByteView bytes, const crypto::VerifyKey& key);

}  // namespace sluice::wire
