// /status of the low side.
#include <boost/json.hpp>

#include "lowside/daemon/low_daemon.h"

namespace sluice::low {
namespace {

namespace json = boost::json;

constexpr unsigned kFailuresThatAlarm = 3;

json::value time_or_null(UtcTime time) {
  return time == UtcTime() ? json::value(nullptr) : json::value(format_rfc3339(time));
}

json::array sources_json(const std::vector<SourceStatus>& sources) {
  json::array array;
  for (const SourceStatus& source : sources) {
    array.push_back({{"name", source.name},
                     {"state", source.polling ? "polling" : "idle"},
                     {"stage", source.stage},
                     {"done", source.done},
                     {"total", source.total},
                     {"polls", source.polls},
                     {"failures", source.failures},
                     {"last_error", source.last_error},
                     {"problems", json::array(source.problems.begin(), source.problems.end())},
                     {"last_poll", time_or_null(source.last_poll)},
                     {"next_poll", time_or_null(source.next_poll)}});
  }
  return array;
}

// A count of what waits, and the names of what waits too long.
json::object requests_json(const RequestBook& book) {
  const auto waiting = book.waiting();
  if (!waiting) {
    return {{"failure", waiting.error().message()}};
  }
  return {{"waiting", waiting->count},
          {"overdue", json::array(waiting->overdue.begin(), waiting->overdue.end())}};
}

json::object link_json(const TransmitStatus& link) {
  json::array lanes;
  for (const LaneId lane : link.given_up) {
    lanes.push_back(lane.value());
  }
  json::object object{{"stream", link.stream},
                      {"epoch", link.epoch.value()},
                      {"session", link.session.value()},
                      {"passes_sent", link.passes_sent},
                      {"bits_per_second", link.bits_per_second},
                      {"configured_bits_per_second", link.configured_bits_per_second},
                      {"queued_blocks", link.queued_blocks},
                      {"uncompressed_blocks", link.uncompressed_blocks},
                      {"lanes_given_up", lanes},
                      {"sending", nullptr}};
  json::array open;
  for (const TransmitStatus::Pass& pass : link.open) {
    open.push_back({{"sequence", pass.sequence.value()},
                    {"pass", pass.pass},
                    {"urgency", to_string(pass.urgency)},
                    {"bytes_done", pass.bytes_done},
                    {"bytes_total", pass.bytes_total}});
  }
  if (!open.empty()) {
    object["sending"] = open.front();
  }
  object["open_passes"] = std::move(open);
  return object;
}

}  // namespace

std::string LowDaemon::status() const {
  const store::BlobStore::Usage usage = blobs_->usage();
  const json::object object{{"side", "low"},
                            {"version", SLUICE_VERSION},
                            {"stream", options_.spool.stream},
                            {"time", format_rfc3339(clock_.utc_now())},
                            {"sources", sources_json(sources_->status())},
                            {"spool",
                             {{"last_sequence", spool_->highest_made().value()},
                              {"highest_sent", spool_->highest_sent().value()},
                              {"oldest_held", spool_->oldest_held().value()},
                              {"pending_passes", counters_.get(observe::Metric::kSpoolPending)},
                              {"carousel_left", counters_.get(observe::Metric::kCarouselLeft)},
                              {"blobs", usage.blobs},
                              {"bytes", usage.bytes}}},
                            {"requests", requests_json(*requests_)},
                            {"link", link_json(transmitter_->status())},
                            {"scrub", service::scrub_status(scrubber_->progress())}};
  return json::serialize(object);
}

// A poll that fails once is the upstream's business; again and again, the operator's.
std::optional<std::string> LowDaemon::trouble() const {
  for (const SourceStatus& source : sources_->status()) {
    if (source.failures_in_a_row >= kFailuresThatAlarm) {
      return "source " + source.name + " fails: " + source.last_error;
    }
  }
  if (spool_->without_reserve()) {
    return "the spool's disk is full: polling waits until there is space";
  }
  return std::nullopt;
}

}  // namespace sluice::low
