// Of the book of requests: how long they wait, and what is forgotten.
#include <algorithm>

#include "lowside/request/request_book.h"
#include "lowside/request/request_keys.h"

namespace sluice::low {

using request_keys::key;
using store::Batch;
using store::Family;

Result<RequestBook::Waiting> RequestBook::waiting() const {
  SLUICE_TRY(const auto open, list(false));
  Waiting waiting;
  for (const Request& request : open) {
    waiting.count += waits(request) ? 1 : 0;
    if (overdue(request)) {
      waiting.overdue.push_back(request.id());
    }
  }
  return waiting;
}

bool RequestBook::overdue(const Request& request) const {
  return waits(request) &&
         from_unix_micros(request.since_micros()) + overdue_after_ < parts_.clock.utc_now();
}

Result<void> RequestBook::keep_house(UtcTime oldest_kept) {
  const std::lock_guard lock(mutex_);
  SLUICE_TRY(const auto open, scan(request_keys::kOpen));
  std::set<std::string> late;
  for (const Request& request : open) {
    if (!overdue(request)) {
      continue;
    }
    late.insert(request.id());
    if (!told_.contains(request.id())) {
      parts_.events.emit(
          observe::Level::kWarning, "request.overdue",
          {{"request", request.id()},
           {"source", request.source()},
           {"waits_since", format_rfc3339(from_unix_micros(request.since_micros()))},
           {"cure", "look at it and decide: sluice-low request show " + request.id()}});
    }
  }
  told_ = std::move(late);
  SLUICE_TRY(const auto closed, scan(request_keys::kClosed));
  Batch batch;
  for (const Request& request : closed) {
    if (from_unix_micros(request.since_micros()) < oldest_kept) {
      batch.remove(Family::kMeta, key(request_keys::kClosed, request.id()));
      batch.remove(Family::kMeta, key(request_keys::kPlans, request.id()));
    }
  }
  if (!batch.empty()) {
    SLUICE_TRY_VOID(write(batch));
  }
  show_gauges();
  return {};
}

// What cannot be read now is shown by the next call.
void RequestBook::show_gauges() {
  const auto open = scan(request_keys::kOpen);
  if (open) {
    parts_.counters.set(observe::Metric::kRequestsWaiting,
                        static_cast<std::uint64_t>(std::ranges::count_if(*open, waits)));
    parts_.counters.set(observe::Metric::kRequestsOverdue,
                        static_cast<std::uint64_t>(std::ranges::count_if(
                            *open, [this](const Request& request) { return overdue(request); })));
  }
}

}  // namespace sluice::low
