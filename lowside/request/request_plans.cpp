// Of the book of requests: what polls do.
#include <algorithm>

#include "common/base/text.h"
#include "lowside/request/plan.h"
#include "lowside/request/request_book.h"
#include "lowside/request/request_keys.h"

namespace sluice::low {
namespace {

using proto::StoredRequest;
using request_keys::key;
using store::Batch;
using store::Family;

std::string hex(const std::string& digest) { return hex_encode(as_bytes(digest)); }

}  // namespace

Result<std::vector<StoredRequest>> RequestBook::to_poll(const std::string& source, bool standing) {
  const std::lock_guard lock(mutex_);
  const std::string own = request_keys::standing_id(source);
  SLUICE_TRY(const auto known, read(own));
  Batch batch;
  if (standing && !known) {
    Request request;
    request.set_id(own);
    request.set_source(source);
    request.set_standing(true);
    request.set_asked_micros(to_unix_micros(parts_.clock.utc_now()));
    become(request, StoredRequest::ASKED);
    add_step(request, "asked", {"", "by the configuration"}, "");
    put(request, batch);
  } else if (!standing && known) {
    batch.remove(Family::kMeta, key(request_keys::kOpen, own));
    batch.remove(Family::kMeta, key(request_keys::kPlans, own));
  }
  if (!batch.empty()) {
    SLUICE_TRY_VOID(write(batch));
  }
  SLUICE_TRY(auto requests, scan(request_keys::kOpen));
  std::erase_if(requests, [&](const Request& request) { return request.source() != source; });
  // What is sent first is held when the others are planned.
  std::ranges::stable_partition(
      requests, [](const Request& request) { return request.state() == StoredRequest::APPROVED; });
  return requests;
}

Result<void> RequestBook::failed(const std::string& id, const Error& why) {
  const std::lock_guard lock(mutex_);
  SLUICE_TRY(auto request, read(id));
  if (!request || is_closed(*request) || request->failure() == why.message()) {
    return {};
  }
  request->set_failure(why.message());
  Batch batch;
  put(*request, batch);
  return write(batch);
}

Result<std::optional<ShipmentSequence>> RequestBook::planned(const std::string& id,
                                                             const proto::StoredPlan& plan,
                                                             const Ship& ship) {
  const std::lock_guard lock(mutex_);
  SLUICE_TRY(auto request, read(id));
  if (!request || is_closed(*request)) {
    return std::optional<ShipmentSequence>();  // withdrawn or rejected while it was polled
  }
  request->clear_failure();
  if (request->state() == StoredRequest::APPROVED && request->approved() == plan.digest()) {
    return send(*std::move(request), plan, ship);
  }
  SLUICE_TRY_VOID(take_plan(*request, plan));
  Batch batch;
  put(*request, batch);
  batch.put(Family::kMeta, key(request_keys::kPlans, id), plan.SerializeAsString());
  SLUICE_TRY_VOID(write(batch));
  show_gauges();
  return std::optional<ShipmentSequence>();
}

Result<std::optional<ShipmentSequence>> RequestBook::send(Request request,
                                                          const proto::StoredPlan& plan,
                                                          const Ship& ship) {
  SLUICE_TRY(const auto made, ship([&](std::optional<ShipmentSequence> sequence, Batch& batch) {
               become(request, StoredRequest::SENT);
               request.clear_approved();
               request.set_shipment(sequence ? sequence->value() : 0);
               add_step(request, "sent",
                        {"", sequence ? "shipment " + std::to_string(sequence->value()) : ""},
                        plan.digest());
               put(request, batch);
               batch.put(Family::kMeta, key(request_keys::kPlans, request.id()),
                         plan.SerializeAsString());
             }));
  parts_.counters.add(observe::Metric::kPlansSent);
  parts_.events.emit(observe::Level::kNotice, "request.sent",
                     {{"request", request.id()},
                      {"source", request.source()},
                      {"digest", hex(plan.digest())},
                      {"shipment", std::to_string(request.shipment())}});
  if (auto noted =
          note(request, "plan-sent", {"", request.steps().rbegin()->detail()}, plan.digest());
      !noted) {
    parts_.events.failure(observe::Level::kError, "audit.failed", noted.error());
  }
  show_gauges();
  return made;
}

// A poll found this. Its state follows from what was decided about the plan before it.
Result<void> RequestBook::take_plan(Request& request, const proto::StoredPlan& plan) {
  SLUICE_TRY(const auto before, this->plan(request.id()));
  const bool another = request.digest() != plan.digest();
  request.set_digest(plan.digest());
  if (plan.records() == 0 && plan.unresolved().empty()) {
    if (request.state() != StoredRequest::SENT || another) {
      become(request, StoredRequest::SENT);
      request.clear_approved();
      add_step(request, "sent", {"", "all of it is held already: nothing is new"}, plan.digest());
    }
    return {};
  }
  const bool news = another || (request.state() == StoredRequest::SENT && plan.records() > 0);
  if (!news) {
    return {};
  }
  const std::string changes = before ? plan_changes(*before, plan) : std::string();
  parts_.counters.add(observe::Metric::kPlansMade);
  if (request.state() == StoredRequest::APPROVED) {
    become(request, StoredRequest::VOID);
    request.clear_approved();
    add_step(request, "voided", {"", changes}, plan.digest());
    SLUICE_TRY_VOID(
        note(request, "approval-voided", {"", changes}, before ? before->digest() : ""));
    parts_.counters.add(observe::Metric::kPlansVoided);
    parts_.events.emit(observe::Level::kWarning, "request.voided",
                       {{"request", request.id()},
                        {"source", request.source()},
                        {"digest", hex(plan.digest())},
                        {"cause", changes},
                        {"cure", "look at the plan and approve it anew: sluice-low request show " +
                                     request.id()}});
    return {};
  }
  SLUICE_TRY(const auto rejected, rejected_before(request, plan.digest()));
  if (rejected) {
    become(request, StoredRequest::REJECTED);
    add_step(request, "rejected", {"", "the same plan was rejected as " + *rejected},
             plan.digest());
    return {};
  }
  const bool is_void = request.state() == StoredRequest::VOID;
  become(request, is_void ? StoredRequest::VOID : StoredRequest::PLANNED);
  add_step(request, "planned", {"", changes}, plan.digest());
  parts_.events.emit(observe::Level::kNotice, "request.planned",
                     {{"request", request.id()},
                      {"source", request.source()},
                      {"digest", hex(plan.digest())},
                      {"nodes", std::to_string(plan.nodes_size())},
                      {"unresolved", std::to_string(plan.unresolved_size())},
                      {"bytes", std::to_string(plan.bytes())}});
  return {};
}

// Which request of the same source had this plan rejected.
Result<std::optional<std::string>> RequestBook::rejected_before(const Request& request,
                                                                const std::string& digest) const {
  for (const std::string_view prefix : {request_keys::kOpen, request_keys::kClosed}) {
    SLUICE_TRY(const auto others, scan(prefix));
    for (const Request& other : others) {
      if (other.id() != request.id() && other.source() == request.source() &&
          other.state() == StoredRequest::REJECTED && other.digest() == digest) {
        return std::optional(other.id());
      }
    }
  }
  return std::optional<std::string>();
}

}  // namespace sluice::low
