#include "highside/daemon/snapshot_control.h"

#include <boost/json.hpp>
#include <boost/url/parse_query.hpp>

#include "highside/daemon/snapshot_diff.h"
#include "highside/mirror/snapshots/listing.h"

namespace sluice::high {
namespace {

namespace json = boost::json;

// Times beyond it do not add up in 64 bits.
constexpr std::chrono::hours kMaxKeepFor{24 * 365 * 10'000};

json::value time_or_null(UtcTime time) {
  return time == UtcTime() ? json::value(nullptr) : json::value(format_rfc3339(time));
}

http::Response to_response(const Result<std::string>& answer) {
  if (answer) {
    return http::json_response(*answer);
  }
  const ErrorCode code = answer.error().code;
  return http::error_response(code == ErrorCode::kNotFound  ? 404
                              : code == ErrorCode::kInvalid ? 400
                                                            : 503,
                              answer.error().message());
}

Result<std::string> diff(const SnapshotParts& parts, const std::string& query) {
  const auto parsed = boost::urls::parse_query(query);
  std::map<std::string, std::string> given;
  if (parsed) {
    for (const auto& one : *parsed) {
      given[one.key.decode()] = one.value.decode();
    }
  }
  const UtcTime now = parts.clock.utc_now();
  SLUICE_TRY(const Edition from, find_edition(parts.catalog, now, given["from"]));
  SLUICE_TRY(const Edition to, find_edition(parts.catalog, now, given["to"]));
  return diff_page(parts.catalog, from, to, given["behind"]);
}

Result<std::string> create(const SnapshotParts& parts, const json::object& asked) {
  Snapshot snapshot;
  snapshot.name = asked.at("name").as_string();
  snapshot.edition = parts.catalog.current();
  snapshot.created = parts.clock.utc_now();
  if (const json::value* edition = asked.if_contains("edition")) {
    SLUICE_TRY(snapshot.edition,
               find_edition(parts.catalog, snapshot.created, std::string(edition->as_string())));
  }
  if (const json::value* keep = asked.if_contains("keep_for_micros")) {
    const std::chrono::microseconds time(keep->to_number<std::int64_t>());
    if (time.count() <= 0 || time > kMaxKeepFor) {
      return Error{ErrorCode::kInvalid, "snapshot " + snapshot.name,
                   "that is no time to keep it for", "write 1y, 90d or 12h"};
    }
    snapshot.expires = snapshot.created + time;
  }
  if (const json::value* note = asked.if_contains("note")) {
    snapshot.note = note->as_string();
  }
  SLUICE_TRY_VOID(parts.catalog.editions().add(snapshot));
  parts.events.emit(observe::Level::kNotice, "snapshot.created",
                    {{"snapshot", snapshot.name},
                     {"edition", std::to_string(snapshot.edition.value())},
                     {"note", snapshot.note}});
  return "snapshot " + snapshot.name + " is edition " + std::to_string(snapshot.edition.value());
}

Result<std::string> remove(const SnapshotParts& parts, const std::string& name) {
  SLUICE_TRY_VOID(parts.catalog.editions().remove(name));
  parts.events.emit(observe::Level::kNotice, "snapshot.deleted", {{"snapshot", name}});
  return "snapshot " + name + " is deleted; the next gc frees what only it showed";
}

Result<std::string> change(const SnapshotParts& parts, std::string_view argument) {
  try {
    const json::object asked = json::parse({argument.data(), argument.size()}).as_object();
    const std::string_view action = asked.at("do").as_string();
    auto done = action == "create" ? create(parts, asked)
                : action == "delete"
                    ? remove(parts, std::string(asked.at("name").as_string()))
                    : Result<std::string>(Error{ErrorCode::kInvalid, "snapshot",
                                                "\"do\" is neither create nor delete", ""});
    parts.counters.set(observe::Metric::kSnapshots, parts.catalog.editions().size());
    return done;
  } catch (const std::exception& error) {
    return Error{ErrorCode::kInvalid, "snapshot", error.what(),
                 "are program and daemon of the same version?"};
  }
}

Result<std::string> collect(const SnapshotParts& parts, std::string_view argument) {
  if (argument == "start" || argument == "dry-run") {
    if (!parts.collector.ask(argument == "dry-run")) {
      return Error{ErrorCode::kRefused, "gc", "one is under way",
                   "wait until it has ended: sluice-high status shows how far it is"};
    }
  } else if (argument != "show") {
    return Error{ErrorCode::kInvalid, "gc", "takes start, dry-run or show", ""};
  }
  return json::serialize(gc_json(parts.collector.progress()));
}

}  // namespace

void mount_snapshots(http::Router& router, const SnapshotParts& parts) {
  router.mount("/snapshots", [parts](const http::Request&) {
    return http::json_response(json::serialize(
        snapshots_json(parts.catalog.editions(), parts.catalog.current(), parts.clock.utc_now())));
  });
  router.mount("/snapshots/diff", [parts](const http::Request& request) {
    return to_response(diff(parts, request.query));
  });
}

std::map<std::string, service::Command> snapshot_commands(const SnapshotParts& parts) {
  return {
      {"snapshot", [parts](std::string_view argument) { return change(parts, argument); }},
      {"gc", [parts](std::string_view argument) { return collect(parts, argument); }},
  };
}

json::object gc_json(const CollectorProgress& progress) {
  return {{"running", progress.running},
          {"dry_run", progress.dry_run},
          {"oldest_edition", progress.oldest},
          {"named_editions", progress.snapshots},
          {"retired", progress.retired},
          {"states", progress.states},
          {"blobs", progress.blobs},
          {"bytes", progress.bytes},
          {"strays", progress.strays},
          {"failure", progress.failure},
          {"started", time_or_null(progress.started)},
          {"finished", time_or_null(progress.finished)}};
}

}  // namespace sluice::high
