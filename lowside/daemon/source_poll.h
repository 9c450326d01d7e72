// One source and what became of its polls: asks the upstream what is new and hands that to the
// spool.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/observe/counters.h"
#include "common/observe/events.h"
#include "lowside/pipeline/upstream.h"
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
};

class SourcePoll {
 public:
  // `work` is created if need be.
  SourcePoll(std::unique_ptr<Upstream> upstream, const RunnerParts& parts,
             std::filesystem::path work);

  // One poll, to its end. Returns how long to wait before the next. Never twice at once.
  std::chrono::seconds poll(const std::stop_token& stop);
  SourceStatus status() const;  // callable from any thread

 private:
  std::chrono::seconds try_poll(const std::stop_token& stop);
  Result<Proposal> ask_upstream(std::stop_token stop);
  std::chrono::seconds failed(const Error& error);
  void succeeded(const Proposal& proposal, std::optional<ShipmentSequence> shipment);

  std::unique_ptr<Upstream> upstream_;
  RunnerParts parts_;
  std::filesystem::path work_;

  mutable std::mutex mutex_;
  SourceStatus status_;  // guarded by mutex_
};

}  // namespace sluice::low
