// Snapshots as JSON, for clients and for commands.
#pragma once

#include <boost/json/object.hpp>

#include "highside/pipeline/snapshots.h"

namespace sluice::high {

boost::json::object snapshot_json(const Snapshot& snapshot, UtcTime now);
// "current", "oldest", "snapshots": all of them, by name.
boost::json::object snapshots_json(const SnapshotReader& snapshots, Edition current, UtcTime now);

}  // namespace sluice::high
