// A package list with its closure, under indices that list exactly what is held.
#pragma once

#include "lowside/upstream/apt/apt_source.h"
#include "lowside/upstream/apt/indices.h"
#include "lowside/upstream/apt/suite.h"

namespace sluice::low {

// Resolves settings.packages against all `suites` together and proposes a record for each of them
// that changed since its state in `cursor` (states exist for all). Packages that cannot be had are
// problems of the proposal; an Error means that nothing is proposed.
Result<void> publish_subset(const std::vector<AcceptedSuite>& suites, const AptSettings& settings,
                            IndexReader& indices, PollContext& context, observe::Counters& counters,
                            const Clock& clock, proto::StoredAptCursor& cursor, Proposal& proposal);

proto::StoredAptSuite& state_of(proto::StoredAptCursor& cursor, const std::string& document);

}  // namespace sluice::low
