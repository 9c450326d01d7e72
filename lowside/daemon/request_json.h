// Requests and plans as JSON: what `sluice-low request --json` prints and the daemon answers.
#pragma once

#include <boost/json/object.hpp>

#include "sluice/stored_request.pb.h"

namespace sluice::low {

// With the plan's sums, if there is one, but without its nodes.
boost::json::object request_json(const proto::StoredRequest& request,
                                 const proto::StoredPlan* plan);
// Nodes, what is unresolved, and the sums.
boost::json::object plan_json(const proto::StoredPlan& plan);
boost::json::array steps_json(const proto::StoredRequest& request);

}  // namespace sluice::low
