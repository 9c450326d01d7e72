// A suite as its vendor signed it.
#pragma once

#include "lowside/upstream/apt/apt_source.h"
#include "lowside/upstream/apt/indices.h"
#include "lowside/upstream/apt/suite.h"

namespace sluice::low {

// Proposes the suite's record if it changed since `state`: the signed files and indices byte for
// byte, and every package that the indices list. On an error nothing is proposed and `state` stays.
Result<void> publish_full(AcceptedSuite suite, const AptSettings& settings, SuiteReader& suites,
                          IndexReader& indices, PollContext& context, proto::StoredAptSuite& state,
                          Proposal& proposal);

}  // namespace sluice::low
