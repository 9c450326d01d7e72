// The one way into the spool: verify → inspect → admit → the spool's blob store.
#pragma once

#include "common/base/file_system.h"
#include "lowside/admit/admitter.h"
#include "lowside/inspect/inspector.h"
#include "lowside/pipeline/blob_keeper.h"
#include "lowside/pipeline/upstream.h"
#include "lowside/verify/verifier.h"

namespace sluice::low {

// Callable from any thread, as its parts are.
class StagedIntake final : public Intake {
 public:
  StagedIntake(Verifier& verifier, Inspector& inspector, Admitter& admitter, BlobKeeper& keeper,
               FileSystem& files)
      : verifier_(verifier),
        inspector_(inspector),
        admitter_(admitter),
        keeper_(keeper),
        files_(files) {}

  // A file that neither crosses nor goes to quarantine (an error of the disk) is removed: it is
  // fetched again when its source is polled next.
  Result<proto::Blob> take(FetchedFile file, const Expectation& expectation) override;
  Result<proto::Blob> take_made(std::string name, std::string bytes,
                                std::vector<DigestAlgorithm> aliases,
                                std::vector<Evidence> evidence) override;
  Result<std::optional<proto::Blob>> held(const Digest& digest) override;

 private:
  Result<proto::Blob> pass(FetchedFile file, const Expectation& expectation);

  Verifier& verifier_;
  Inspector& inspector_;
  Admitter& admitter_;
  BlobKeeper& keeper_;
  FileSystem& files_;
};

}  // namespace sluice::low
