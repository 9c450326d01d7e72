// What every stage does with a file that it refuses.
#pragma once

#include <string_view>

#include "common/observe/events.h"
#include "lowside/pipeline/files.h"
#include "lowside/pipeline/quarantine.h"

namespace sluice::low {

// Moves the file to quarantine and reports the event "<stage>.refused" with `why` and `more`.
// Returns `why`.
Error refuse(Quarantine& quarantine, observe::EventSink& events, const FetchedFile& file,
             std::string_view stage, Error why, observe::Fields more = {});

}  // namespace sluice::low
