// Requests and what became of them: asked for by a person, planned by a poll, approved by a person
// by the plan's digest, sent by the next poll that finds the same plan.
//
//                     ┌──────────────── another plan ───────────────┐
//   ASKED ─ poll ─> PLANNED ─ approve(digest) ─> APPROVED ─ poll ─> VOID ─ approve(digest) ─> …
//                     │                             └─ same plan ─> SENT
//                     └─ reject(digest) ─> REJECTED
//
// A standing request is a source's own want-list: it is planned again when it was sent or rejected
// and something has changed. Any other is then closed; asking again for what was rejected gives
// the same plan, which is rejected at once, until the rejected request is withdrawn.
//
// docs/storage.md has the keys.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/strong.h"
#include "common/observe/counters.h"
#include "common/observe/events.h"
#include "common/store/key_value_store.h"
#include "lowside/pipeline/audit_log.h"
#include "sluice/stored_request.pb.h"

namespace sluice::low {

// Who decides, and why, for the record.
struct Person {
  std::string name;
  std::string reason{};  // may be empty
};

struct NewRequest {
  std::string source;
  std::vector<std::string> wants;  // as the source's setting `want` has them
  std::vector<proto::RequestDocument> documents;
};

// Callable from any thread.
class RequestBook {
 public:
  struct Parts {  // all outlive the book
    store::KeyValueStore& index;
    AuditLog& audit;
    const Clock& clock;
    observe::Counters& counters;
    observe::EventSink& events;
  };
  // `overdue_after`: how long a plan may wait for an approval before somebody is told.
  RequestBook(Parts parts, std::chrono::seconds overdue_after)
      : parts_(parts), overdue_after_(overdue_after) {}

  // kInvalid: nothing is wanted, or text that cannot be shown; kRefused: a limit.
  Result<proto::StoredRequest> ask(NewRequest wanted, const Person& by);
  // Of the plan with exactly this digest (hex, "sha256:" in front or not). kNotFound: no such
  // request; kOutdated: its plan has another digest; kRefused: it is not waiting, or there is
  // nothing to send.
  Result<proto::StoredRequest> approve(const std::string& id, std::string_view digest,
                                       const Person& by);
  Result<proto::StoredRequest> reject(const std::string& id, std::string_view digest,
                                      const Person& by);
  // kRefused: it was sent, or is a source's own list.
  Result<proto::StoredRequest> withdraw(const std::string& id, const Person& by);

  Result<proto::StoredRequest> find(const std::string& id) const;
  Result<std::optional<proto::StoredPlan>> plan(const std::string& id) const;
  // Those that are under way, in the order of asking; then, with `closed`, the others.
  Result<std::vector<proto::StoredRequest>> list(bool closed) const;

  // For the thread that polls `source`: what is to be planned, approved ones first. `standing`:
  // whether the source's own want-list is one of them.
  Result<std::vector<proto::StoredRequest>> to_poll(const std::string& source, bool standing);
  Result<void> failed(const std::string& id, const Error& why);
  // Ships the proposal that the plan was made of, writing what it is given in the same batch.
  using Along = std::function<void(std::optional<ShipmentSequence> made, store::Batch& batch)>;
  using Ship = std::function<Result<std::optional<ShipmentSequence>>(const Along& along)>;
  // Keeps the plan; calls `ship` only if exactly this plan was approved. Nobody can decide
  // otherwise meanwhile. Returns the shipment, if one was made.
  Result<std::optional<ShipmentSequence>> planned(const std::string& id,
                                                  const proto::StoredPlan& plan, const Ship& ship);

  // Every few minutes: sets the gauges, tells once of each that waits too long, and forgets what
  // was closed before `oldest_kept`.
  Result<void> keep_house(UtcTime oldest_kept);
  // For the status: how many wait for an approval, and those that have waited too long.
  struct Waiting {
    std::uint64_t count = 0;
    std::vector<std::string> overdue;
  };
  Result<Waiting> waiting() const;

  static constexpr std::size_t kMaxOpen = 1000;
  static constexpr std::size_t kMaxWants = 10'000;
  // Of the wants and documents of one request, in bytes: what a command to the daemon may have.
  static constexpr std::size_t kMaxAskedBytes = std::size_t{512} << 10;
  static constexpr int kMaxSteps = 200;  // that are kept of one request; the oldest go

 private:
  using Request = proto::StoredRequest;
  enum class Decision { kApprove, kReject };

  Result<Request> decide(Decision decision, const std::string& id, std::string_view digest,
                         const Person& by);
  Result<std::optional<Request>> read(const std::string& id) const;
  Result<Request> present(const std::string& id) const;
  Result<std::vector<Request>> scan(std::string_view prefix) const;
  Result<std::string> next_id(store::Batch& batch) const;
  Result<std::optional<std::string>> rejected_before(const Request& request,
                                                     const std::string& digest) const;
  Result<std::optional<ShipmentSequence>> send(Request request, const proto::StoredPlan& plan,
                                               const Ship& ship);
  void become(Request& request, proto::StoredRequest::State state) const;
  Result<void> take_plan(Request& request, const proto::StoredPlan& plan);
  void add_step(Request& request, std::string_view what, const Person& by,
                const std::string& digest) const;
  Result<void> note(const Request& request, std::string_view action, const Person& by,
                    const std::string& digest);
  void put(const Request& request, store::Batch& batch) const;
  Result<void> write(const store::Batch& batch) const;
  void show_gauges();
  bool overdue(const Request& request) const;

  const Parts parts_;
  const std::chrono::seconds overdue_after_;
  mutable std::mutex mutex_;
  std::set<std::string> told_;  // overdue ones; guarded by mutex_
};

// "planned", as people read it.
std::string_view to_string(proto::StoredRequest::State state);
// Whether nothing more becomes of it.
bool is_closed(const proto::StoredRequest& request);
bool waits(const proto::StoredRequest& request);  // for an approval

}  // namespace sluice::low
