#include "lowside/request/request_book.h"

#include <algorithm>

#include "common/base/digest.h"
#include "common/base/limits.h"
#include "common/base/plain_text.h"
#include "common/base/text.h"
#include "lowside/request/plan.h"
#include "lowside/request/request_keys.h"

namespace sluice::low {
namespace {

using proto::StoredRequest;
using request_keys::key;
using store::Batch;
using store::Family;

// A name of a person and a reason, in bytes.
constexpr std::size_t kMaxName = 200;
constexpr std::size_t kMaxReason = 2000;

Result<void> check_text(std::string_view what, std::string_view text, std::size_t most) {
  if (text.size() <= most && is_plain_text(text)) {
    return {};
  }
  return Error{ErrorCode::kInvalid, std::string(what),
               "it is no plain text, or longer than " + std::to_string(most) + " bytes",
               "leave out control characters and line breaks, and shorten it"};
}

Result<void> check_person(const Person& by) {
  if (trim(by.name).empty()) {
    return Error{ErrorCode::kInvalid, "name", "nobody is named", "say who decides: --by NAME"};
  }
  SLUICE_TRY_VOID(check_text("name", by.name, kMaxName));
  return check_text("reason", by.reason, kMaxReason);
}

Result<void> check_wanted(const NewRequest& wanted) {
  std::size_t bytes = 0;
  for (const std::string& want : wanted.wants) {
    SLUICE_TRY_VOID(check_text("want", want, limits::kMaxDocumentNameBytes));
    bytes += want.size();
  }
  for (const proto::RequestDocument& document : wanted.documents) {
    SLUICE_TRY_VOID(check_text("file name", document.name(), kMaxName));
    bytes += document.content().size();
  }
  if (wanted.wants.empty() && wanted.documents.empty()) {
    return Error{ErrorCode::kInvalid, "request", "nothing is asked for",
                 "name what is wanted, or a file that lists it"};
  }
  if (bytes > RequestBook::kMaxAskedBytes || wanted.wants.size() > RequestBook::kMaxWants) {
    return Error{ErrorCode::kRefused, "request",
                 "it lists more than " + std::to_string(RequestBook::kMaxWants) + " wants or " +
                     human_size(RequestBook::kMaxAskedBytes),
                 "divide it, or name the file in the source's settings"};
  }
  return {};
}

// "sha256:<hex>" or "<hex>", whole.
Result<std::string> read_digest(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  text = trim(text);
  text = text.starts_with(kPrefix) ? text.substr(kPrefix.size()) : text;
  const auto digest = Sha256Digest::from_hex(text);
  if (!digest) {
    return Error{ErrorCode::kInvalid, "digest \"" + std::string(text.substr(0, 80)) + "\"",
                 "it is no SHA-256",
                 "give all 64 digits of the plan's digest, as request show has it"};
  }
  return std::string(as_text(digest->bytes()));
}

std::string hex(const std::string& digest) { return hex_encode(as_bytes(digest)); }

template <class Message>
Result<Message> parse(std::string_view value) {
  Message message;
  if (!message.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return Error{ErrorCode::kIntegrity, "requests", "an entry of the index is unreadable",
                 "restore the spool from a backup"};
  }
  return message;
}

}  // namespace

std::string_view to_string(StoredRequest::State state) {
  switch (state) {
    case StoredRequest::ASKED:
      return "asked";
    case StoredRequest::PLANNED:
      return "planned";
    case StoredRequest::APPROVED:
      return "approved";
    case StoredRequest::SENT:
      return "sent";
    case StoredRequest::REJECTED:
      return "rejected";
    case StoredRequest::VOID:
      return "void";
    case StoredRequest::WITHDRAWN:
      return "withdrawn";
    default:
      return "unknown";
  }
}

bool is_closed(const StoredRequest& request) {
  const bool ended =
      request.state() == StoredRequest::SENT || request.state() == StoredRequest::REJECTED;
  return request.state() == StoredRequest::WITHDRAWN || (ended && !request.standing());
}

bool waits(const StoredRequest& request) {
  return request.state() == StoredRequest::PLANNED || request.state() == StoredRequest::VOID;
}

Result<StoredRequest> RequestBook::ask(NewRequest wanted, const Person& by) {
  SLUICE_TRY_VOID(check_person(by));
  SLUICE_TRY_VOID(check_wanted(wanted));
  const std::lock_guard lock(mutex_);
  SLUICE_TRY(const auto open, scan(request_keys::kOpen));
  if (open.size() >= kMaxOpen) {
    return Error{ErrorCode::kRefused, "request",
                 std::to_string(kMaxOpen) + " requests are under way already",
                 "approve, reject or withdraw some"};
  }
  Batch batch;
  Request request;
  SLUICE_TRY(*request.mutable_id(), next_id(batch));
  request.set_source(wanted.source);
  request.mutable_wants()->Assign(wanted.wants.begin(), wanted.wants.end());
  request.mutable_documents()->Assign(wanted.documents.begin(), wanted.documents.end());
  request.set_asked_micros(to_unix_micros(parts_.clock.utc_now()));
  become(request, StoredRequest::ASKED);
  add_step(request, "asked", by, "");
  SLUICE_TRY_VOID(note(request, "request-asked", by, ""));
  put(request, batch);
  SLUICE_TRY_VOID(write(batch));
  return request;
}

Result<StoredRequest> RequestBook::approve(const std::string& id, std::string_view digest,
                                           const Person& by) {
  return decide(Decision::kApprove, id, digest, by);
}

Result<StoredRequest> RequestBook::reject(const std::string& id, std::string_view digest,
                                          const Person& by) {
  return decide(Decision::kReject, id, digest, by);
}

Result<StoredRequest> RequestBook::decide(Decision decision, const std::string& id,
                                          std::string_view digest, const Person& by) {
  SLUICE_TRY_VOID(check_person(by));
  SLUICE_TRY(const std::string wanted, read_digest(digest));
  const std::lock_guard lock(mutex_);
  SLUICE_TRY(Request request, present(id));
  const bool approves = decision == Decision::kApprove;
  const bool may_decide =
      waits(request) || (!approves && request.state() == StoredRequest::APPROVED);
  if (!may_decide) {
    return Error{ErrorCode::kRefused, "request " + id,
                 "it is " + std::string(to_string(request.state())) + ", and waits for no decision",
                 "look at it: request show " + id};
  }
  if (request.digest() != wanted) {
    return Error{
        ErrorCode::kOutdated, "request " + id,
        "its plan has the digest " + hex(request.digest()) + ", not the one that was given",
        "look at the plan as it is now: request show " + id};
  }
  SLUICE_TRY(const auto bytes, parts_.index.get(Family::kMeta, key(request_keys::kPlans, id)));
  SLUICE_TRY(const auto plan, parse<proto::StoredPlan>(bytes.value_or("")));
  if (approves && plan.records() == 0) {
    return Error{ErrorCode::kRefused, "request " + id, "its plan has nothing to send",
                 "see what is unresolved: request show " + id};
  }
  become(request, approves ? StoredRequest::APPROVED : StoredRequest::REJECTED);
  request.set_approved(approves ? wanted : "");
  add_step(request, approves ? "approved" : "rejected", by, wanted);
  SLUICE_TRY_VOID(note(request, approves ? "plan-approved" : "plan-rejected", by, wanted));
  Batch batch;
  put(request, batch);
  SLUICE_TRY_VOID(write(batch));
  if (!approves) {
    parts_.counters.add(observe::Metric::kPlansRejected);
  }
  parts_.events.emit(observe::Level::kNotice, approves ? "request.approved" : "request.rejected",
                     {{"request", id},
                      {"source", request.source()},
                      {"digest", hex(wanted)},
                      {"by", by.name},
                      {"reason", by.reason}});
  show_gauges();
  return request;
}

Result<StoredRequest> RequestBook::withdraw(const std::string& id, const Person& by) {
  SLUICE_TRY_VOID(check_person(by));
  const std::lock_guard lock(mutex_);
  SLUICE_TRY(Request request, present(id));
  if (request.standing()) {
    return Error{ErrorCode::kRefused, "request " + id,
                 "it is the want-list of the source " + request.source(),
                 "take what is not wanted from that source's settings, or reject the plan"};
  }
  if (request.state() == StoredRequest::SENT || request.state() == StoredRequest::WITHDRAWN) {
    return Error{ErrorCode::kRefused, "request " + id,
                 "it was " + std::string(to_string(request.state())) + " already", ""};
  }
  become(request, StoredRequest::WITHDRAWN);
  request.clear_approved();
  add_step(request, "withdrawn", by, request.digest());
  SLUICE_TRY_VOID(note(request, "request-withdrawn", by, request.digest()));
  Batch batch;
  put(request, batch);
  SLUICE_TRY_VOID(write(batch));
  parts_.events.emit(observe::Level::kNotice, "request.withdrawn",
                     {{"request", id}, {"source", request.source()}, {"by", by.name}});
  show_gauges();
  return request;
}

Result<StoredRequest> RequestBook::find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  return present(id);
}

Result<std::optional<proto::StoredPlan>> RequestBook::plan(const std::string& id) const {
  SLUICE_TRY(const auto value, parts_.index.get(Family::kMeta, key(request_keys::kPlans, id)));
  if (!value) {
    return std::optional<proto::StoredPlan>();
  }
  SLUICE_TRY(auto plan, parse<proto::StoredPlan>(*value));
  return std::optional(std::move(plan));
}

Result<std::vector<StoredRequest>> RequestBook::list(bool closed) const {
  const std::lock_guard lock(mutex_);
  SLUICE_TRY(auto requests, scan(request_keys::kOpen));
  if (closed) {
    SLUICE_TRY(auto others, scan(request_keys::kClosed));
    std::ranges::move(others, std::back_inserter(requests));
  }
  return requests;
}

Result<std::optional<StoredRequest>> RequestBook::read(const std::string& id) const {
  for (const std::string_view prefix : {request_keys::kOpen, request_keys::kClosed}) {
    SLUICE_TRY(const auto value, parts_.index.get(Family::kMeta, key(prefix, id)));
    if (value) {
      SLUICE_TRY(Request request, parse<Request>(*value));
      return std::optional(std::move(request));
    }
  }
  return std::optional<Request>();
}

Result<StoredRequest> RequestBook::present(const std::string& id) const {
  SLUICE_TRY(auto request, read(id));
  if (!request) {
    return Error{ErrorCode::kNotFound, "request \"" + id.substr(0, 80) + "\"",
                 "there is none of that name", "see them all: request list --all"};
  }
  return *std::move(request);
}

Result<std::vector<StoredRequest>> RequestBook::scan(std::string_view prefix) const {
  std::vector<Request> requests;
  Result<void> outcome;
  SLUICE_TRY_VOID(
      parts_.index.scan(Family::kMeta, prefix, "", [&](std::string_view, std::string_view value) {
        auto request = parse<Request>(value);
        if (!request) {
          outcome = request.error();
          return false;
        }
        requests.push_back(std::move(*request));
        return true;
      }));
  SLUICE_TRY_VOID(outcome);
  std::ranges::stable_sort(requests, {}, &Request::asked_micros);
  return requests;
}

Result<std::string> RequestBook::next_id(Batch& batch) const {
  SLUICE_TRY(const auto stored, parts_.index.get(Family::kMeta, request_keys::kNext));
  std::string_view rest = stored ? std::string_view(*stored) : std::string_view();
  const std::uint64_t number = store::read_u64(rest).value_or(1);
  std::string next;
  store::append_u64(next, number + 1);
  batch.put(Family::kMeta, std::string(request_keys::kNext), std::move(next));
  return "r" + std::to_string(number);
}

void RequestBook::become(Request& request, StoredRequest::State state) const {
  request.set_state(state);
  request.set_since_micros(to_unix_micros(parts_.clock.utc_now()));
}

void RequestBook::add_step(Request& request, std::string_view what, const Person& by,
                           const std::string& digest) const {
  proto::RequestStep& step = *request.add_steps();
  step.set_time_micros(to_unix_micros(parts_.clock.utc_now()));
  step.set_what(std::string(what));
  step.set_by(by.name);
  step.set_detail(by.reason);
  step.set_digest(digest);
  if (request.steps_size() > kMaxSteps) {
    request.mutable_steps()->DeleteSubrange(0, request.steps_size() - kMaxSteps);
  }
}

// Before the request itself is written, synced: the index never holds a later write without this.
Result<void> RequestBook::note(const Request& request, std::string_view action, const Person& by,
                               const std::string& digest) {
  return parts_.audit.record({.time = parts_.clock.utc_now(),
                              .action = std::string(action),
                              .rule = "request",
                              .name = request.id(),
                              .origin = request.source(),
                              .digest = digest.empty() ? "" : "sha256:" + hex(digest),
                              .detail = (by.name.empty() ? "" : "by " + by.name) +
                                        (by.name.empty() || by.reason.empty() ? "" : ": ") +
                                        by.reason});
}

void RequestBook::put(const Request& request, Batch& batch) const {
  const bool closed = is_closed(request);
  const auto one = closed ? request_keys::kClosed : request_keys::kOpen;
  const auto other = closed ? request_keys::kOpen : request_keys::kClosed;
  batch.put(Family::kMeta, key(one, request.id()), request.SerializeAsString());
  batch.remove(Family::kMeta, key(other, request.id()));
}

Result<void> RequestBook::write(const Batch& batch) const {
  return parts_.index.write(batch, store::Durability::kSynced);
}

}  // namespace sluice::low
