// Signatures that `minisign -V` checks, made with the sender's own Ed25519 key, so that a medium
// can be checked without Sluice. Format: minisign's documentation, "ED" (prehashed) signatures.
//
//   public key  base64("Ed" || key number[8] || key[32])
//   signature   base64("ED" || key number[8] || Ed25519(BLAKE2b-512(file)))
//               base64(Ed25519(signature[64] || trusted comment))
//
// The key number is the KeyId. These are the only signatures without a Domain. They cannot be taken
// for one of those: that would need a hash, or a signature, which begins with "sluice …".
#pragma once

#include <string>
#include <string_view>

#include "common/crypto/keys.h"

namespace sluice::crypto {

// The longest trusted comment that is read.
inline constexpr std::size_t kMaxTrustedComment = 1024;
// Four lines: two comments, two of base64. minisign itself reads no longer comments.
inline constexpr std::size_t kMaxMinisignBytes = 4096;

class Minisign {
 public:
  // The file `minisign.pub`.
  static std::string public_key(const VerifyKey& key);
  // The file beside `file`, with the ending .minisig. The comment is one line of at most
  // kMaxTrustedComment bytes.
  static std::string sign(const SigningKey& key, ByteView file, std::string_view trusted_comment);
  // The trusted comment. kInvalid: it cannot be read. kIntegrity: not signed by `key`. `thing`
  // names the file in errors. Callable from any thread.
  static Result<std::string> verify(const VerifyKey& key, ByteView file, std::string_view signature,
                                    const std::string& thing);
};

}  // namespace sluice::crypto
