#include "lowside/verify/verifier.h"

#include <algorithm>

#include "common/base/hasher.h"
#include "lowside/pipeline/refuse.h"

namespace sluice::low {
namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;  // larger reads hash no faster

std::string cure() {
  return "if the upstream replaced the file, wait until its index says so; if a proxy is on the "
         "way, let it pass the file unchanged; look at the file in quarantine";
}

}  // namespace

Result<VerifiedFile> Verifier::verify(FetchedFile file, const Expectation& expectation) {
  if (expectation.refusal) {
    return refuse(quarantine_, events_, file, "verify", *expectation.refusal);
  }
  if (const Result<void> checked = check(file, expectation); !checked) {
    Error error = checked.error();
    if (error.code == ErrorCode::kIntegrity || error.code == ErrorCode::kInvalid) {
      counters_.add(observe::Metric::kUpstreamBadDigest);
      return refuse(quarantine_, events_, file, "verify", std::move(error));
    }
    return error;
  }
  std::vector<Evidence> evidence = expectation.evidence;
  for (const Digest& digest : expectation.digests) {
    evidence.push_back({"digest", digest.to_string()});
  }
  return VerifiedFile(PassKey<Verifier>(), std::move(file), std::move(evidence));
}

Result<void> Verifier::check(const FetchedFile& file, const Expectation& expectation) {
  const std::string& name = file.request().name;
  const std::string origin = display_uri(file.request().uri);
  if (expectation.digests.empty() && expectation.evidence.empty()) {
    return Error{ErrorCode::kInvalid, name,
                 "nothing says what it should be: " + origin +
                     " comes with neither a digest nor a signature",
                 "give its digest"};
  }
  if (expectation.size && *expectation.size != file.size()) {
    return Error{ErrorCode::kIntegrity, name,
                 "is " + std::to_string(file.size()) + " bytes where the upstream names " +
                     std::to_string(*expectation.size) + ", from " + origin,
                 cure()};
  }
  for (const Digest& expected : expectation.digests) {
    SLUICE_TRY(const Digest computed, digest_of(file, expected.algorithm()));
    if (computed != expected) {
      return Error{ErrorCode::kIntegrity, name,
                   "has the digest " + computed.to_string() + " where the upstream names " +
                       expected.to_string() + ", from " + origin,
                   cure()};
    }
  }
  return {};
}

// An algorithm that was not asked for while fetching is computed from the file.
Result<Digest> Verifier::digest_of(const FetchedFile& file, DigestAlgorithm algorithm) {
  const auto found =
      std::find_if(file.digests().begin(), file.digests().end(),
                   [&](const Digest& digest) { return digest.algorithm() == algorithm; });
  if (found != file.digests().end()) {
    return *found;
  }
  SLUICE_TRY(const auto bytes, files_.open_for_reading(file.path().value()));
  Hasher hasher(algorithm, file.size());
  Bytes buffer(std::min<std::uint64_t>(file.size(), kReadBytes));
  for (std::uint64_t offset = 0; offset < file.size();) {
    const auto piece =
        MutableByteView(buffer).first(std::min<std::uint64_t>(buffer.size(), file.size() - offset));
    SLUICE_TRY_VOID(bytes->read_at(offset, piece));
    hasher.update(piece);
    offset += piece.size();
  }
  return hasher.finish();
}

}  // namespace sluice::low
