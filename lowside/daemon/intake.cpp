#include "lowside/daemon/intake.h"

#include "common/base/hasher.h"
#include "lowside/pipeline/media_type.h"

namespace sluice::low {
namespace {

// `digests`: SHA-256 first.
proto::Blob describe(const std::string& name, const std::string& origin, std::uint64_t size,
                     const std::vector<Digest>& digests, const std::vector<Evidence>& evidence) {
  proto::Blob blob;
  blob.set_sha256(std::string(as_text(digests.front().bytes())));
  blob.set_size(size);
  for (std::size_t i = 1; i < digests.size(); ++i) {
    proto::Alias& alias = *blob.add_aliases();
    alias.set_algorithm(static_cast<proto::DigestAlgorithm>(digests[i].algorithm()));
    alias.set_digest(std::string(as_text(digests[i].bytes())));
  }
  blob.set_name(name);
  blob.set_origin(origin);
  for (const auto& [kind, detail] : evidence) {
    proto::Evidence& one = *blob.add_evidence();
    one.set_kind(kind);
    one.set_detail(detail);
  }
  return blob;
}

}  // namespace

Result<proto::Blob> StagedIntake::take(FetchedFile file, const Expectation& expectation) {
  const StagingPath path = file.path();
  Result<proto::Blob> blob = pass(std::move(file), expectation);
  if (!blob) {
    // Gone already if it went to quarantine. If this fails too, the fetcher removes it at its next
    // start.
    static_cast<void>(files_.remove(path.value()));
  }
  return blob;
}

Result<proto::Blob> StagedIntake::pass(FetchedFile file, const Expectation& expectation) {
  SLUICE_TRY(VerifiedFile verified, verifier_.verify(std::move(file), expectation));
  SLUICE_TRY(InspectedFile inspected,
             inspector_.inspect(std::move(verified), expectation.media_types));
  SLUICE_TRY(const AdmittedFile admitted, admitter_.admit(std::move(inspected)));
  const FetchedFile& fetched = admitted.fetched();
  std::vector<Evidence> evidence = admitted.inspected().verified().evidence();
  evidence.push_back({std::string(kMediaTypeEvidence), admitted.inspected().media_type()});
  const proto::Blob blob = describe(fetched.request().name, display_uri(fetched.request().uri),
                                    fetched.size(), fetched.digests(), evidence);
  SLUICE_TRY_VOID(keeper_.take(admitted, blob));
  return blob;
}

Result<proto::Blob> StagedIntake::take_made(std::string name, std::string bytes,
                                            std::vector<DigestAlgorithm> aliases,
                                            std::vector<Evidence> evidence) {
  if (evidence.empty()) {
    return Error{ErrorCode::kInvalid, name, "nothing says what it was made from",
                 "give the evidence of what it was made from"};
  }
  MultiHasher hasher(aliases, bytes.size());
  hasher.update(as_bytes(bytes));
  proto::Blob blob = describe(name, "made here", bytes.size(), hasher.finish(), evidence);
  SLUICE_TRY_VOID(keeper_.take_made(Bytes(bytes.begin(), bytes.end()), blob));
  return blob;
}

Result<std::optional<proto::Blob>> StagedIntake::held(const Digest& digest) {
  return keeper_.held(digest);
}

}  // namespace sluice::low
