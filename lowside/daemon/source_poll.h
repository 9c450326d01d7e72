// One source and what became of its polls: asks the upstream what is new and hands that to the
// spool.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/observe/counters.h"
#include "common/observe/events.h"
#include "lowside/pipeline/upstream.h"
#include "lowside/request/request_book.h"
#include "lowside/spool/spool.h"

namespace sluice::low {

struct SourceStatus {
  std::string name;
  bool polling = false;
  std::string stage;       // of the poll under way: "fetching tarballs"
  std::uint64_t done = 0;  // of `total` steps of that stage
  std::uint64_t total = 0;
  std::uint64_t polls = 0;     // that ended well
  std::uint64_t failures = 0;  // that shipped nothing because of an error
  unsigned failures_in_a_row = 0;
  std::string last_error;             // of the last poll; empty if it ended well
  std::vector<std::string> problems;  // what the last good poll left out, each with cause and cure
  UtcTime last_poll;                  // when the last one ended
  UtcTime next_poll;
};

// What every runner works with. All of it outlives the runner and is callable from their threads.
struct RunnerParts {
  std::string stream;
  Fetch& fetch;
  Intake& intake;
  Spool& spool;
  observe::EventSink& events;
  observe::Counters& counters;
  const Clock& clock;
  std::function<void()> shipped;  // a shipment was made: the transmitter has work
  // For sources of the pattern "request".
  RequestBook* requests = nullptr;
  std::function<std::chrono::microseconds(std::uint64_t bytes)> send_time{};
};

// A source of the pattern "request": nothing of it is sent but plans that were approved.
struct ByRequest {
  // Its upstream for what one request wants, in place of the settings' own want-list. An Error:
  // this ecosystem takes no such want.
  std::function<Result<std::unique_ptr<Upstream>>(std::vector<std::string> wants,
                                                  std::vector<std::filesystem::path> files)>
      upstream_for;
  bool standing = false;  // the settings have a want-list of their own
};

// What of a source is wanted: neither of these is the pattern "follow", everything.
struct SourcePattern {
  std::optional<ByRequest> by_request{};
  std::chrono::seconds window{0};  // only what was published so long ago at the most; 0: whenever
};

class SourcePoll {
 public:
  // `work` is created if need be.
  SourcePoll(std::unique_ptr<Upstream> upstream, const RunnerParts& parts,
             std::filesystem::path work, SourcePattern pattern = {});

  // One poll, to its end. Returns how long to wait before the next. Never twice at once.
  std::chrono::seconds poll(const std::stop_token& stop);
  SourceStatus status() const;  // callable from any thread

 private:
  std::chrono::seconds try_poll(const std::stop_token& stop);
  Result<Proposal> ask(Upstream& upstream, std::stop_token stop);
  std::chrono::seconds failed(const Error& error);
  void succeeded(const Proposal& proposal);
  void report_shipment(const Proposal& proposal, ShipmentSequence shipment);

  // source_requests.cpp
  std::chrono::seconds poll_requests(const std::stop_token& stop);
  Result<void> poll_request(const proto::StoredRequest& request, const std::stop_token& stop);
  Result<Proposal> ask_for(const proto::StoredRequest& request, const std::stop_token& stop);
  Result<std::vector<std::filesystem::path>> lay_out(const proto::StoredRequest& request) const;

  std::unique_ptr<Upstream> upstream_;
  SourcePattern pattern_;
  RunnerParts parts_;
  std::filesystem::path work_;

  mutable std::mutex mutex_;
  SourceStatus status_;  // guarded by mutex_
};

}  // namespace sluice::low
