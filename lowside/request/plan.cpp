#include "lowside/request/plan.h"

#include <algorithm>
#include <tuple>

#include "common/base/hasher.h"
#include "common/base/text.h"

namespace sluice::low {
namespace {

constexpr std::string_view kForm = "sluice-plan-1";
constexpr std::size_t kMaxNamed = 5;  // of nodes in one message

using Identity =
    std::tuple<const std::string&, const std::string&, const std::string&, const std::string&>;

Identity identity(const proto::PlanNode& node) {
  return {node.ecosystem(), node.document(), node.item(), node.sha256()};
}

bool before(const proto::PlanNode& a, const proto::PlanNode& b) {
  return identity(a) < identity(b);
}

// "5:hello": no text can be taken for two.
void append_counted(std::string& to, std::string_view text) {
  to += std::to_string(text.size());
  to += ':';
  to += text;
}

bool is_in(const std::set<Sha256Digest>& blobs, const std::string& sha256) {
  const auto digest = Sha256Digest::from_bytes(as_bytes(sha256));
  return digest && blobs.contains(*digest);
}

std::vector<proto::PlanNode> sorted_closure(const std::vector<proto::PlanNode>& closure) {
  std::vector<proto::PlanNode> nodes = closure;
  std::ranges::sort(nodes, before);
  const auto same = [](const auto& a, const auto& b) { return identity(a) == identity(b); };
  const auto doubles = std::ranges::unique(nodes, same);
  nodes.erase(doubles.begin(), doubles.end());
  return nodes;
}

// An approval covers what the plan names and nothing else.
Result<void> check_covered(const std::string& source, const Proposal& proposal,
                           const Cargo& cargo) {
  std::set<Sha256Digest> rest = cargo.blobs;
  const auto take = [&](const std::string& sha256) {
    if (const auto digest = Sha256Digest::from_bytes(as_bytes(sha256))) {
      rest.erase(*digest);
    }
  };
  for (const proto::PlanNode& node : proposal.closure) {
    take(node.sha256());
  }
  std::ranges::for_each(proposal.besides, take);
  if (rest.empty()) {
    return {};
  }
  return Error{ErrorCode::kIntegrity, "source " + source,
               "a shipment of this would carry the blob " + rest.begin()->hex() +
                   ", which its plan does not name",
               "nothing is sent; report this, with the want-list"};
}

void name_missing(const proto::StoredPlan& in, const proto::StoredPlan& from, std::string_view what,
                  std::string& text) {
  std::vector<const proto::PlanNode*> others;
  for (const proto::PlanNode& node : in.nodes()) {
    if (!std::binary_search(from.nodes().begin(), from.nodes().end(), node, before)) {
      others.push_back(&node);
    }
  }
  if (others.empty()) {
    return;
  }
  text += (text.empty() ? "" : "; ") + std::string(what) + " ";
  for (std::size_t i = 0; i < std::min(others.size(), kMaxNamed); ++i) {
    text += (i == 0 ? "" : ", ") + others[i]->document() + " " + others[i]->item() + " (" +
            hex_encode(as_bytes(others[i]->sha256())).substr(0, 12) + ")";
  }
  if (others.size() > kMaxNamed) {
    text += " and " + std::to_string(others.size() - kMaxNamed) + " more";
  }
}

}  // namespace

Sha256Digest plan_digest(std::string_view source, const std::vector<proto::PlanNode>& sorted) {
  std::string text;
  append_counted(text, kForm);
  append_counted(text, source);
  for (const proto::PlanNode& node : sorted) {
    append_counted(text, node.ecosystem());
    append_counted(text, node.document());
    append_counted(text, node.item());
    append_counted(text, node.sha256());
  }
  return sha256(as_bytes(text));
}

Result<proto::StoredPlan> make_plan(const std::string& source, const Proposal& proposal,
                                    const Cargo& cargo, UtcTime now) {
  std::vector<proto::PlanNode> nodes = sorted_closure(proposal.closure);
  SLUICE_TRY_VOID(check_covered(source, proposal, cargo));
  proto::StoredPlan plan;
  plan.set_form(1);
  plan.set_digest(std::string(as_text(plan_digest(source, nodes).bytes())));
  plan.set_made_micros(to_unix_micros(now));
  for (proto::PlanNode& node : nodes) {
    node.set_fresh(is_in(cargo.blobs, node.sha256()));
    *plan.add_nodes() = std::move(node);
  }
  for (const Error& problem : proposal.problems) {
    proto::PlanProblem& added = *plan.add_unresolved();
    added.set_thing(problem.thing);
    added.set_cause(problem.cause);
    added.set_cure(problem.cure);
  }
  plan.set_records(static_cast<std::uint32_t>(proposal.records.size()));
  plan.set_bytes(proposal.records.empty() ? 0 : cargo.bytes);
  plan.set_send_micros(
      static_cast<std::uint64_t>(proposal.records.empty() ? 0 : cargo.send_time.count()));
  if (plan.ByteSizeLong() > kMaxPlanBytes) {
    return Error{ErrorCode::kRefused, "source " + source,
                 "its plan has " + human_size(plan.ByteSizeLong()) + ", more than the " +
                     human_size(kMaxPlanBytes) + " that are kept",
                 "divide the want-list among several requests"};
  }
  return plan;
}

std::string plan_changes(const proto::StoredPlan& before, const proto::StoredPlan& after) {
  std::string text;
  name_missing(after, before, "added", text);
  name_missing(before, after, "gone", text);
  return text;
}

}  // namespace sluice::low
