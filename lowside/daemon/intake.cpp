#include "lowside/daemon/intake.h"

namespace sluice::low {
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
  return keeper_.take(admitted);
}

Result<proto::Blob> StagedIntake::take_made(std::string name, std::string bytes,
                                            std::vector<DigestAlgorithm> aliases,
                                            std::vector<Evidence> evidence) {
  if (evidence.empty()) {
    return Error{ErrorCode::kInvalid, name, "nothing says what it was made from",
                 "give the evidence of what it was made from"};
  }
  return keeper_.take_made(name, bytes, aliases, evidence);
}

Result<std::optional<proto::Blob>> StagedIntake::held(const Digest& digest) {
  return keeper_.held(digest);
}

}  // namespace sluice::low
