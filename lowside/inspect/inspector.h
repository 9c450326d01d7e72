// The third stage: what a file is, told from its bytes.
#pragma once

#include "common/observe/counters.h"
#include "common/observe/events.h"
#include "lowside/inspect/content_type.h"
#include "lowside/pipeline/files.h"
#include "lowside/pipeline/quarantine.h"

namespace sluice::low {

// Callable from any thread.
class Inspector {
 public:
  Inspector(Quarantine& quarantine, observe::Counters& counters, observe::EventSink& events)
      : quarantine_(quarantine), counters_(counters), events_(events) {}

  // `media_types`: what it may be (media_type.h). kIntegrity: it is something else; it is in
  // quarantine. kIo, kExhausted: it could not be read.
  Result<InspectedFile> inspect(VerifiedFile file, const std::vector<std::string>& media_types);

 private:
  Quarantine& quarantine_;
  observe::Counters& counters_;
  observe::EventSink& events_;
  ContentTypes types_;
};

}  // namespace sluice::low
