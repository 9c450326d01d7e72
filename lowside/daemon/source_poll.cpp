#include "lowside/daemon/source_poll.h"

#include <algorithm>

namespace sluice::low {
namespace {

using observe::Level;
using observe::Metric;

// An upstream that is down is asked again after 30 s, then twice as long each time, but never less
// often than its interval says.
constexpr std::chrono::seconds kFirstRetry{30};

}  // namespace

SourcePoll::SourcePoll(std::unique_ptr<Upstream> upstream, const RunnerParts& parts,
                       std::filesystem::path work, SourcePattern pattern)
    : upstream_(std::move(upstream)),
      pattern_(std::move(pattern)),
      parts_(parts),
      work_(std::move(work)) {
  status_.name = upstream_->name();
}

SourceStatus SourcePoll::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

std::chrono::seconds SourcePoll::poll(const std::stop_token& stop) {
  {
    const std::lock_guard lock(mutex_);
    status_.polling = true;
  }
  const std::chrono::seconds pause = pattern_.by_request ? poll_requests(stop) : try_poll(stop);
  const std::lock_guard lock(mutex_);
  status_.polling = false;
  status_.stage.clear();
  status_.done = status_.total = 0;
  status_.last_poll = parts_.clock.utc_now();
  status_.next_poll = status_.last_poll + pause;
  return pause;
}

Result<Proposal> SourcePoll::ask(Upstream& upstream, std::stop_token stop) {
  std::error_code error;
  std::filesystem::create_directories(work_, error);
  if (error) {
    return errno_error(work_.string(), error.value());
  }
  SLUICE_TRY(std::string cursor, parts_.spool.cursor(upstream_->name()));
  PollContext context{.fetch = parts_.fetch,
                      .intake = parts_.intake,
                      .cursor = std::move(cursor),
                      .work = work_,
                      .stop = std::move(stop),
                      .progress =
                          [this](std::string_view stage, std::uint64_t done, std::uint64_t total) {
                            const std::lock_guard lock(mutex_);
                            status_.stage = stage;
                            status_.done = done;
                            status_.total = total;
                          },
                      .list_closure = pattern_.by_request.has_value()};
  if (pattern_.window.count() > 0) {
    context.published_since = parts_.clock.utc_now() - pattern_.window;
  }
  return upstream.poll(context);
}

std::chrono::seconds SourcePoll::try_poll(const std::stop_token& stop) {
  const Result<Proposal> proposal = ask(*upstream_, stop);
  if (!proposal) {
    return failed(proposal.error());
  }
  const auto shipment = parts_.spool.append(upstream_->name(), *proposal);
  if (!shipment) {
    return failed(shipment.error());
  }
  parts_.counters.add(*shipment ? Metric::kPollRuns : Metric::kPollUnchanged);
  if (*shipment) {
    report_shipment(*proposal, **shipment);
  }
  succeeded(*proposal);
  return upstream_->interval();
}

std::chrono::seconds SourcePoll::failed(const Error& error) {
  if (error.code == ErrorCode::kCancelled) {
    return upstream_->interval();
  }
  parts_.counters.add(Metric::kPollFailures);
  if (error.code == ErrorCode::kExhausted) {
    parts_.counters.add(Metric::kPollDiskFull);
  }
  parts_.events.failure(Level::kError, "poll.failed", error, {{"source", upstream_->name()}});
  const std::lock_guard lock(mutex_);
  const auto backoff = kFirstRetry * (1U << std::min(status_.failures_in_a_row, 16U));
  ++status_.failures;
  ++status_.failures_in_a_row;
  status_.last_error = error.message();
  return std::min<std::chrono::seconds>(backoff, std::max(upstream_->interval(), kFirstRetry));
}

void SourcePoll::report_shipment(const Proposal& proposal, ShipmentSequence shipment) {
  parts_.events.emit(Level::kNotice, "shipment.made",
                     {{"shipment", observe::shipment_id(parts_.stream, shipment)},
                      {"source", upstream_->name()},
                      {"records", std::to_string(proposal.records.size())}});
  parts_.shipped();
}

void SourcePoll::succeeded(const Proposal& proposal) {
  for (const Error& problem : proposal.problems) {
    parts_.events.failure(Level::kWarning, "poll.problem", problem,
                          {{"source", upstream_->name()}});
  }
  const std::lock_guard lock(mutex_);
  ++status_.polls;
  status_.failures_in_a_row = 0;
  status_.last_error.clear();
  status_.problems.clear();
  for (const Error& problem : proposal.problems) {
    status_.problems.push_back(problem.message());
  }
}

}  // namespace sluice::low
