// Signatures of Release files and of other clear-signed texts, checked by gpgv. Only what gpgv says
// was signed is ever parsed.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/error.h"

namespace sluice::apt {

// The largest archives' have 4 MiB.
inline constexpr std::uint64_t kMaxReleaseBytes = std::uint64_t{32} << 20;

struct SignedText {
  std::string text;         // what was signed
  std::string fingerprint;  // of the primary key of the first good signature, in hex
};

// How a signed text stands to a keyring. kNone: it has no signature that counts, such as one by a
// key that has expired or was revoked.
enum class SignatureVerdict { kGood, kBad, kUnknownKey, kNone };

struct JudgedText {
  SignatureVerdict verdict = SignatureVerdict::kNone;
  SignedText signed_text{};  // of a good one
  std::string cause{};       // of the others
};
// One clear-signed text of at most kMaxReleaseBytes. kIntegrity: it is none, or something stands
// before or behind it. Otherwise as below.
Result<JudgedText> judge_clear_signed(const std::string& thing, std::string_view text,
                                      ByteView keyring, const std::stop_token& stop);

// An InRelease file. At least one signature must be good by a key of `keyring` (binary, see
// keyring.h), and none bad; signatures by other keys say nothing. Nothing may stand before or
// behind the signed text. kIntegrity: it does not hold; kNotFound: gpgv is not installed. `thing`
// is named in errors.
Result<SignedText> verify_in_release(const std::string& thing, std::string_view in_release,
                                     ByteView keyring, const std::stop_token& stop);
// A Release file with its detached signature, Release.gpg.
Result<SignedText> verify_release(const std::string& thing, std::string_view release,
                                  std::string_view signature, ByteView keyring,
                                  const std::stop_token& stop);

}  // namespace sluice::apt
