#include "lowside/daemon/request_json.h"

#include <algorithm>
#include <boost/json.hpp>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "lowside/request/request_book.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

json::value hex_or_null(const std::string& digest) {
  return digest.empty() ? json::value(nullptr) : json::value(hex_encode(as_bytes(digest)));
}

std::string time(std::int64_t micros) { return format_rfc3339(from_unix_micros(micros)); }

void add_sums(const proto::StoredPlan& plan, json::object& to) {
  to["nodes_total"] = plan.nodes_size();
  to["nodes_new"] = std::ranges::count_if(plan.nodes(), &proto::PlanNode::fresh);
  to["unresolved_total"] = plan.unresolved_size();
  to["documents"] = plan.records();
  to["bytes"] = plan.bytes();
  to["send_seconds"] = static_cast<double>(plan.send_micros()) / 1e6;
}

}  // namespace

json::object request_json(const proto::StoredRequest& request, const proto::StoredPlan* plan) {
  json::array files;
  for (const proto::RequestDocument& document : request.documents()) {
    files.emplace_back(document.name());
  }
  json::object object{{"id", request.id()},
                      {"source", request.source()},
                      {"state", to_string(request.state())},
                      {"standing", request.standing()},
                      {"wants", json::array(request.wants().begin(), request.wants().end())},
                      {"files", std::move(files)},
                      {"asked", time(request.asked_micros())},
                      {"since", time(request.since_micros())},
                      {"digest", hex_or_null(request.digest())},
                      {"approved", hex_or_null(request.approved())},
                      {"shipment", request.shipment() == 0 ? json::value(nullptr)
                                                           : json::value(request.shipment())},
                      {"failure", request.failure()}};
  if (plan != nullptr) {
    add_sums(*plan, object);
  }
  return object;
}

json::object plan_json(const proto::StoredPlan& plan) {
  json::array nodes;
  for (const proto::PlanNode& node : plan.nodes()) {
    nodes.push_back({{"ecosystem", node.ecosystem()},
                     {"document", node.document()},
                     {"item", node.item()},
                     {"sha256", hex_or_null(node.sha256())},
                     {"size", node.size()},
                     {"new", node.fresh()},
                     {"flags", json::array(node.flags().begin(), node.flags().end())}});
  }
  json::array unresolved;
  for (const proto::PlanProblem& problem : plan.unresolved()) {
    unresolved.push_back(
        {{"thing", problem.thing()}, {"cause", problem.cause()}, {"cure", problem.cure()}});
  }
  json::object object{{"digest", hex_or_null(plan.digest())}, {"made", time(plan.made_micros())}};
  add_sums(plan, object);
  object["nodes"] = std::move(nodes);
  object["unresolved"] = std::move(unresolved);
  return object;
}

json::array steps_json(const proto::StoredRequest& request) {
  json::array steps;
  for (const proto::RequestStep& step : request.steps()) {
    steps.push_back({{"time", time(step.time_micros())},
                     {"what", step.what()},
                     {"by", step.by()},
                     {"detail", step.detail()},
                     {"digest", hex_or_null(step.digest())}});
  }
  return steps;
}

}  // namespace sluice::low
