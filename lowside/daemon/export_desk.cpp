#include "lowside/daemon/export_desk.h"

#include <boost/json.hpp>
#include <set>

#include "common/base/threads.h"
#include "lowside/daemon/epoch.h"
#include "lowside/daemon/spool_feed.h"
#include "lowside/media/medium_size.h"

namespace sluice::low {
namespace {

namespace json = boost::json;
using observe::Level;
using observe::Metric;

std::string text_of(const json::object& from, const char* key) {
  const json::value* const found = from.if_contains(key);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
}

bool flag_of(const json::object& from, const char* key) {
  const json::value* const found = from.if_contains(key);
  return found != nullptr && found->is_bool() && found->get_bool();
}

std::vector<wire::SequenceRange> ranges_of(const std::vector<ShipmentSequence>& sequences) {
  std::vector<wire::SequenceRange> ranges;
  for (const ShipmentSequence sequence : sequences) {
    if (!ranges.empty() && ranges.back().last.next() == sequence) {
      ranges.back().last = sequence;
    } else {
      ranges.push_back({sequence, sequence});
    }
  }
  return ranges;
}

std::vector<ShipmentSequence> all_of(const std::vector<wire::SequenceRange>& ranges) {
  std::set<ShipmentSequence> all;
  for (const wire::SequenceRange& range : ranges) {
    for (ShipmentSequence at = range.first; at <= range.last; at = at.next()) {
      all.insert(at);
    }
  }
  return {all.begin(), all.end()};
}

}  // namespace

struct ExportDesk::Job {
  std::string folder;
  std::unique_ptr<SpoolFeed> feed;
  std::unique_ptr<Exporter> exporter;
  bool running = true;  // as the result, guarded by the desk's mutex
  Result<void> result;
  std::jthread thread;
};

ExportDesk::ExportDesk(Parts parts) : parts_(parts) {}

ExportDesk::~ExportDesk() {
  std::unique_ptr<Job> job;
  {
    const std::lock_guard lock(mutex_);
    job = std::move(job_);
  }
  if (job != nullptr) {
    job->thread = {};  // stops and joins, while its feed is there
  }
}

Result<std::string> ExportDesk::command(std::string_view text) {
  boost::system::error_code failure;
  const json::value root = json::parse({text.data(), text.size()}, failure);
  if (failure || !root.is_object()) {
    return Error{ErrorCode::kInvalid, "export", "is no command", ""};
  }
  const json::object& command = root.get_object();
  const std::string what = text_of(command, "do");
  if (what == "start") {
    Journal wanted;
    SLUICE_TRY(wanted.size, parse_medium_size(text_of(command, "size")));
    wanted.by = text_of(command, "by");
    wanted.reason = text_of(command, "reason");
    wanted.iso = flag_of(command, "iso");
    SLUICE_TRY_VOID(start(text_of(command, "to"), std::move(wanted), text_of(command, "select"),
                          text_of(command, "value"), flag_of(command, "earlier")));
  } else if (what == "stop") {
    const std::lock_guard lock(mutex_);
    if (job_ != nullptr) {
      job_->thread.request_stop();
    }
  } else if (what != "show") {
    return Error{ErrorCode::kInvalid, "export", "takes start, show or stop", ""};
  }
  return show();
}

Result<std::vector<ShipmentSequence>> ExportDesk::chosen(const std::string& select,
                                                         const std::string& value,
                                                         bool earlier) const {
  const ShipmentSequence highest = parts_.spool.highest_made();
  if (select == "all") {
    std::vector<ShipmentSequence> held;
    SLUICE_TRY_VOID(parts_.spool.list(ShipmentSequence(1), [&](const ShipmentStatus& one) {
      held.push_back(one.sequence);
      return true;
    }));
    return held;
  }
  if (select == "since") {
    SLUICE_TRY(const auto from, parse_shipments(value, parts_.link.stream));
    if (from.size() != 1 || from[0].first != from[0].last) {
      return Error{ErrorCode::kInvalid, "--since", "\"" + value + "\" is no shipment's number", ""};
    }
    return from[0].first > highest ? std::vector<ShipmentSequence>()
                                   : all_of({{from[0].first, highest}});
  }
  if (select == "resend") {
    SLUICE_TRY(const auto ranges, parse_shipments(value, parts_.link.stream));
    for (const wire::SequenceRange& range : ranges) {
      if (range.last > highest) {
        return Error{ErrorCode::kNotFound, "shipment " + std::to_string(range.last.value()),
                     "was never made; the last is " + std::to_string(highest.value()),
                     "check the numbers"};
      }
    }
    return all_of(ranges);
  }
  const auto slash = value.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == value.size()) {
    return Error{ErrorCode::kInvalid, "--only", "\"" + value + "\" names no document of a source",
                 "write SOURCE/NAME, such as npm-main/left-pad"};
  }
  return parts_.spool.carriers_of(value.substr(0, slash), value.substr(slash + 1), earlier);
}

// What is asked for, or what was begun in that folder and asked for the same.
Result<Journal> ExportDesk::prepare(const std::filesystem::path& folder, Journal wanted,
                                    const std::string& select, const std::string& value,
                                    bool earlier) {
  FileSystem& files = posix_file_system();
  wanted.stream = parts_.link.stream;
  wanted.asked = select + " " + value + (earlier ? " with earlier" : "") + ", " +
                 std::to_string(wanted.size) + " bytes" + (wanted.iso ? ", iso" : "");
  SLUICE_TRY_VOID(files.create_directories(folder));
  SLUICE_TRY(auto begun, read_journal(files, folder));
  if (begun) {
    if (begun->asked != wanted.asked || begun->stream != wanted.stream) {
      return Error{ErrorCode::kRefused, folder.string(),
                   "another export was interrupted here: " + begun->asked,
                   "give the same command to go on with it, or remove its volumes and " +
                       std::string(kJournalFile)};
    }
    return *std::move(begun);
  }
  SLUICE_TRY(const auto shipments, chosen(select, value, earlier));
  if (shipments.empty()) {
    return Error{ErrorCode::kNotFound, "export", "there is no such shipment",
                 "sluice-low status says which are held"};
  }
  wanted.shipments = wire::to_text(ranges_of(shipments));
  wanted.begun = parts_.clock.utc_now();
  SLUICE_TRY(wanted.bundle, next_bundle(parts_.index, parts_.clock));
  return wanted;
}

Result<void> ExportDesk::start(const std::string& to, Journal wanted, const std::string& select,
                               const std::string& value, bool earlier) {
  const std::filesystem::path folder(to);
  if (!folder.is_absolute()) {
    return Error{ErrorCode::kInvalid, "--to", "\"" + to + "\" is no absolute path", ""};
  }
  const std::lock_guard lock(mutex_);
  if (job_ != nullptr && job_->running) {
    return Error{ErrorCode::kRefused, "export", "one to " + job_->folder + " is under way",
                 "wait for it, or stop it: sluice-low export --stop"};
  }
  job_.reset();
  SLUICE_TRY(Journal journal, prepare(folder, std::move(wanted), select, value, earlier));
  SLUICE_TRY(const auto ranges, parse_ranges(journal.shipments));
  auto job = std::make_unique<Job>();
  job->folder = to;
  SLUICE_TRY(job->feed,
             SpoolFeed::open(parts_.spool, parts_.blobs, parts_.signing,
                             media_settings(parts_.link, export_block_bytes(journal.size)),
                             all_of(ranges)));
  const std::string bundle = media::bundle_name(journal.stream, journal.bundle);
  parts_.events.emit(Level::kNotice, "export.started",
                     {{"bundle", bundle},
                      {"shipments", journal.shipments},
                      {"to", to},
                      {"by", journal.by},
                      {"reason", journal.reason}});
  job->exporter =
      std::make_unique<Exporter>(ExportOptions{.folder = folder}, std::move(journal),
                                 ExportParts{*job->feed, posix_file_system(), parts_.signing,
                                             parts_.receivers, parts_.clock, parts_.counters});
  const auto work = [this, bundle, one = job.get()](const std::stop_token& stop) {
    const Result<void> result = one->exporter->run(stop);
    const ExportProgress progress = one->exporter->progress();
    parts_.counters.add(result ? Metric::kExportsFinished : Metric::kExportsFailed);
    if (result) {
      parts_.events.emit(Level::kNotice, "export.finished",
                         {{"bundle", bundle},
                          {"volumes", std::to_string(progress.volumes)},
                          {"bytes", std::to_string(progress.bytes)}});
    } else {
      parts_.events.failure(Level::kError, "export.failed", result.error(), {{"bundle", bundle}});
    }
    const std::lock_guard done(mutex_);
    one->result = result;
    one->running = false;
  };
  if (const auto started = start_thread(job->thread, "export", work); !started) {
    parts_.events.failure(Level::kError, "export.failed", started.error(), {{"bundle", bundle}});
    return started.error();
  }
  job_ = std::move(job);
  return {};
}

std::string ExportDesk::show() const {
  const std::lock_guard lock(mutex_);
  if (job_ == nullptr) {
    return json::serialize(
        json::object{{"running", false}, {"failure", ""}, {"made", json::array()}});
  }
  const ExportProgress progress = job_->exporter->progress();
  json::object answer{{"running", job_->running},
                      {"bytes", progress.bytes},
                      {"total_bytes", job_->feed->total_bytes()},
                      {"shipments_done", progress.shipments_done},
                      {"shipments", progress.shipments},
                      {"volumes", progress.volumes},
                      {"last", job_->feed->shipments().back().value()},
                      {"failure", ""},
                      {"made", json::array()}};
  if (!job_->running && !job_->result) {
    answer["failure"] = job_->result.error().message();
  }
  if (!job_->running && job_->result) {
    json::array& made = answer["made"].as_array();
    for (const std::filesystem::path& path : job_->exporter->made()) {
      made.emplace_back(path.string());
    }
  }
  return json::serialize(answer);
}

}  // namespace sluice::low
