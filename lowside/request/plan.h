// What a request comes to: the closure with every digest, before anything of it is sent.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/error.h"
#include "lowside/pipeline/upstream.h"
#include "sluice/stored_request.pb.h"

namespace sluice::low {

// What a shipment of a proposal would carry.
struct Cargo {
  std::set<Sha256Digest> blobs;  // that no shipment which is held carries
  std::uint64_t bytes = 0;       // of the manifest and these blobs
  std::chrono::microseconds send_time{0};
};

// Over the source and the nodes, in the plan's order, each as text with its length in front:
// "6:python4:pypi8:requests…". What is said of a node (flags, size) is not part of it, nor whether
// it is fresh: another request of the same source that is sent meanwhile changes neither the
// closure nor its digest. docs/storage.md has the bytes.
Sha256Digest plan_digest(std::string_view source, const std::vector<proto::PlanNode>& sorted);

// kIntegrity: `cargo` has a blob that no node names, so that an approval would not cover it.
// kRefused: more than one plan may have (kMaxPlanBytes).
Result<proto::StoredPlan> make_plan(const std::string& source, const Proposal& proposal,
                                    const Cargo& cargo, UtcTime now);

// What became another between two plans, in words: "added requests 2.32.0 …; gone …". Names a few
// and counts the rest.
std::string plan_changes(const proto::StoredPlan& before, const proto::StoredPlan& after);

inline constexpr std::uint64_t kMaxPlanBytes = std::uint64_t{64} << 20;

}  // namespace sluice::low
