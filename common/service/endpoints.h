// What both daemons answer on their status address: /status, /events, /metrics, /healthz and a
// page.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "common/http/router.h"
#include "common/observe/counters.h"
#include "common/observe/event_log.h"

namespace sluice::service {

// Called on worker threads, several at once. What they refer to outlives the server.
struct Endpoints {
  std::string program;                  // "sluice-low"; the page's title
  std::function<std::string()> status;  // a JSON object
  // Why the daemon is not well; none while it is.
  std::function<std::optional<std::string>()> trouble;
  observe::EventLog& log;
  const observe::Counters& counters;
};

// /status   JSON
// /events   server-sent events: "id: RUN-NUMBER", "data: {event as JSON}". Without Last-Event-ID it
//           starts with the recent ones that are held; ?last=N with the last N of them.
// /metrics  Prometheus
// /healthz  200 or 503, with the reason
// /         a page that shows /status and /events
void mount_endpoints(http::Router& router, Endpoints endpoints);

}  // namespace sluice::service
