// Signatures inside of SIF images: clear-signed JSON with the digests of the header, of descriptors
// and of objects' bytes, one or more for each group of objects (the scheme of Singularity 3.6 and
// later).
#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/digest.h"
#include "common/ecosystem/sif/image.h"

namespace sluice::sif {

// Bytes of one signature; they have some hundred for each object.
inline constexpr std::uint64_t kMaxSignatureBytes = std::uint64_t{1} << 20;

enum class Verdict {
  kGood,        // every object is covered by a good signature of the keyring
  kUnsigned,    // not every object is signed, or in another way than this
  kUnknownKey,  // every object is signed, but not all of them by keys of the keyring
  kBad,         // a signature does not hold, or the bytes are not those that were signed
};
std::string_view to_string(Verdict verdict);  // "good", "unsigned", "unknown-key", "bad"

struct Judgement {
  Verdict verdict = Verdict::kUnsigned;
  std::string detail;  // the fingerprints of who signed; of the others the cause
};

// Reads all of the objects that a good signature covers. `keyring` is binary (apt/keyring.h).
// Errors: those of `source`, and of running gpgv (apt/gpg_verify.h).
Result<Judgement> judge_signatures(const std::string& thing, const Image& image,
                                   const Source& source, ByteView keyring,
                                   const std::stop_token& stop);

// What a signature says, once gpgv has found it good.
struct SignedObject {
  std::uint32_t relative_id = 0;  // counted from the least id of its group
  Digest descriptor;
  Digest object;
};
struct SignedDigests {
  Digest header;
  std::vector<SignedObject> objects;
};
// kInvalid: it is no such text of version 1, or has digests of other algorithms than SHA-256 and
// SHA-512.
Result<SignedDigests> read_signed_digests(const std::string& thing, std::string_view text);

}  // namespace sluice::sif
