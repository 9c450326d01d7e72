// Linked in the place of gpg_verify.cpp: gpgv is another program, which cannot run ten thousand
// times a second, and no fuzzer makes a signature. Everything behind a signature that holds is
// reached this way.
#include "common/ecosystem/apt/gpg_verify.h"

namespace sluice::apt {
namespace {

constexpr std::string_view kBegin = "-----BEGIN PGP SIGNED MESSAGE-----\n";
constexpr std::string_view kSignature = "-----BEGIN PGP SIGNATURE-----\n";

Error refused(const std::string& thing) { return {ErrorCode::kIntegrity, thing, "unsigned", ""}; }

}  // namespace

Result<SignedText> verify_in_release(const std::string& thing, std::string_view in_release,
                                     ByteView, const std::stop_token&) {
  const std::size_t end = in_release.rfind(kSignature);
  if (!in_release.starts_with(kBegin) || end == std::string_view::npos || end < kBegin.size()) {
    return refused(thing);
  }
  return SignedText{std::string(in_release.substr(kBegin.size(), end - kBegin.size())), "key"};
}

Result<SignedText> verify_release(const std::string& thing, std::string_view release,
                                  std::string_view signature, ByteView, const std::stop_token&) {
  if (signature != kSignature) {
    return refused(thing);
  }
  return SignedText{std::string(release), "key"};
}

}  // namespace sluice::apt
