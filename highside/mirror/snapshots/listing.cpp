#include "highside/mirror/snapshots/listing.h"

#include <boost/json/array.hpp>

namespace sluice::high {

namespace json = boost::json;

json::object snapshot_json(const Snapshot& snapshot, UtcTime now) {
  return {
      {"name", snapshot.name},
      {"edition", snapshot.edition.value()},
      {"created", format_rfc3339(snapshot.created)},
      {"expires", snapshot.expires == UtcTime() ? json::value(nullptr)
                                                : json::value(format_rfc3339(snapshot.expires))},
      {"expired", snapshot.expired(now)},
      {"note", snapshot.note}};
}

json::object snapshots_json(const SnapshotReader& snapshots, Edition current, UtcTime now) {
  json::array all;
  for (const Snapshot& snapshot : snapshots.snapshots()) {
    all.push_back(snapshot_json(snapshot, now));
  }
  return {{"current", current.value()},
          {"oldest", snapshots.oldest().value()},
          {"snapshots", std::move(all)}};
}

}  // namespace sluice::high
