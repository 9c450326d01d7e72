// What the running daemon answers to `sluice-high snapshot` and `sluice-high gc`.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <string>

#include "common/base/clock.h"
#include "common/http/router.h"
#include "common/observe/counters.h"
#include "common/observe/events.h"
#include "common/service/control.h"
#include "highside/catalog/catalog.h"
#include "highside/catalog/collector.h"

namespace sluice::high {

// Callable from any thread. All outlive what it mounts and gives.
struct SnapshotParts {
  Catalog& catalog;
  Collector& collector;
  const Clock& clock;
  observe::Counters& counters;
  observe::EventSink& events;
};

// GET /snapshots: all of them; GET /snapshots/diff?from=A&to=B&behind=…: a page of diff_page().
void mount_snapshots(http::Router& router, const SnapshotParts& parts);

// "snapshot" with a JSON object: "do" is "create" ("name"; "edition", "keep_for_micros", "note" as
// far as they are given) or "delete" ("name"). "gc" with "start", "dry-run" or "show": how far it
// is, as JSON.
std::map<std::string, service::Command> snapshot_commands(const SnapshotParts& parts);

// For /status and for "gc".
boost::json::object gc_json(const CollectorProgress& progress);

}  // namespace sluice::high
