// The second stage: a fetched file is what its upstream says it is.
#pragma once

#include "common/base/file_system.h"
#include "common/observe/counters.h"
#include "common/observe/events.h"
#include "lowside/pipeline/files.h"
#include "lowside/pipeline/quarantine.h"
#include "lowside/pipeline/upstream.h"

namespace sluice::low {

// Callable from any thread.
class Verifier {
 public:
  Verifier(Quarantine& quarantine, FileSystem& files, observe::Counters& counters,
           observe::EventSink& events)
      : quarantine_(quarantine), files_(files), counters_(counters), events_(events) {}

  // kIntegrity: another size or digest than expected. kInvalid: the expectation names neither a
  // digest nor evidence. Both move the file to quarantine. kIo: it could not be read.
  Result<VerifiedFile> verify(FetchedFile file, const Expectation& expectation);

 private:
  Result<void> check(const FetchedFile& file, const Expectation& expectation);
  Result<Digest> digest_of(const FetchedFile& file, DigestAlgorithm algorithm);

  Quarantine& quarantine_;
  FileSystem& files_;
  observe::Counters& counters_;
  observe::EventSink& events_;
};

}  // namespace sluice::low
