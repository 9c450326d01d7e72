#include "highside/daemon/import_desk.h"

#include <boost/json.hpp>
#include <condition_variable>
#include <ranges>

#include "common/base/text.h"
#include "common/base/threads.h"
#include "highside/daemon/gaps_json.h"
#include "highside/daemon/media_receiver.h"

namespace sluice::high {
namespace {

namespace json = boost::json;
using observe::Level;
using store::Family;

constexpr std::string_view kJobKey = "media-job";
// Gaps that are looked through for those of a bundle.
constexpr std::size_t kGapsLookedAt = 100'000;
constexpr std::size_t kBlobsShown = 10;
// Nothing has been under way for so long: then what is not visible waits for something.
constexpr std::chrono::milliseconds kLookEvery{50};
constexpr int kQuietLooks = 20;
// Longer than the hashing of the largest blob that a site has.
constexpr std::chrono::minutes kSettleLimit{30};

std::string text_of(const json::object& from, const char* key) {
  const json::value* const found = from.if_contains(key);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
}

Result<ImportRequest> request_of(const json::object& command) {
  ImportRequest request;
  const json::value* const paths = command.if_contains("paths");
  if (paths != nullptr && paths->is_array()) {
    for (const json::value& path : paths->get_array()) {
      if (path.is_string()) {
        request.paths.emplace_back(std::string(path.get_string()));
      }
    }
  }
  for (const std::filesystem::path& path : request.paths) {
    if (!path.is_absolute()) {
      return Error{ErrorCode::kInvalid, path.string(), "is no absolute path", ""};
    }
  }
  if (request.paths.empty() || request.paths.size() > kMaxVolumesAtOnce) {
    return Error{ErrorCode::kInvalid, "import", "takes 1 to 1000 folders, images or devices", ""};
  }
  request.by = text_of(command, "by");
  request.carrier = text_of(command, "carrier");
  request.reason = text_of(command, "reason");
  return request;
}

Senders senders_of(const std::vector<TrustedStream>& streams) {
  Senders senders;
  for (const TrustedStream& stream : streams) {
    senders.emplace_back(stream.name, stream.key);
  }
  return senders;
}

bool overlap(const wire::SequenceRange& range, const Gap& gap) {
  return gap.first <= range.last && gap.last >= range.first;
}

// What both have.
wire::SequenceRange common_of(const wire::SequenceRange& range, const Gap& gap) {
  return {std::max(range.first, gap.first), std::min(range.last, gap.last)};
}

}  // namespace

// What the importer asks of ledger and assembler.
class ImportDesk::Ledgers final : public Aftermath {
 public:
  explicit Ledgers(const Parts& parts) : parts_(parts) {}

  std::vector<wire::SequenceRange> not_visible(
      const std::string& stream, const std::vector<wire::SequenceRange>& ranges) const override {
    std::vector<wire::SequenceRange> missing;
    ShipmentSequence highest;
    for (const StreamStatus& known : parts_.publisher.status().streams) {
      highest = known.stream == stream ? known.highest : highest;
    }
    const auto gaps = parts_.publisher.gaps(kGapsLookedAt, 0);
    for (const wire::SequenceRange& range :
         ranges.empty() ? std::vector{wire::SequenceRange{ShipmentSequence(1), highest}} : ranges) {
      for (const Gap& gap : gaps) {
        if (gap.stream == stream && overlap(range, gap)) {
          missing.push_back(common_of(range, gap));
        }
      }
      if (range.last > highest) {
        missing.push_back({std::max(range.first, highest.next()), range.last});
      }
    }
    return missing;
  }

  // What comes by the link meanwhile keeps it busy as well: then it ends when nothing has become
  // visible for long.
  void settle(const std::function<bool()>& enough, const std::stop_token& stop) override {
    std::mutex mutex;
    std::condition_variable_any never;
    int quiet = 0;
    std::uint64_t open_before = UINT64_MAX;
    SteadyTime changed = parts_.clock.steady_now();
    while (quiet < kQuietLooks && !stop.stop_requested()) {
      const std::uint64_t open = open_shipments();
      if (open != open_before) {
        changed = parts_.clock.steady_now();
      }
      quiet = busy() || open != open_before ? 0 : quiet + 1;
      open_before = open;
      if (enough() || parts_.clock.steady_now() - changed > kSettleLimit) {
        return;
      }
      std::unique_lock lock(mutex);
      never.wait_for(lock, stop, kLookEvery, [] { return false; });
    }
  }

  std::vector<std::string> explain(const std::string& stream,
                                   const std::vector<wire::SequenceRange>& ranges) const override {
    const std::vector<Gap> about = gaps_behind(stream, ranges);
    std::vector<std::string> lines;
    for (const Gap& gap : about) {
      lines.push_back(line_of(gap));
    }
    for (const json::value& code : resend_json(about).codes) {
      lines.push_back("On the low side of " + stream + ": sluice-low export --to FOLDER --resend " +
                      std::string(code.at("code").as_string()));
    }
    return lines;
  }

 private:
  // Those of `ranges`, and those that they wait for.
  std::vector<Gap> gaps_behind(const std::string& stream,
                               std::vector<wire::SequenceRange> ranges) const {
    std::vector<Gap> gaps = parts_.publisher.gaps(kGapsLookedAt, kBlobsShown);
    std::vector<Gap> behind;
    for (Gap& gap : std::views::reverse(gaps)) {  // what is waited for has a lower number
      if (gap.stream != stream ||
          std::ranges::none_of(ranges, [&](const auto& range) { return overlap(range, gap); })) {
        continue;
      }
      for (const ShipmentSequence before : gap.waits_for) {
        if (std::ranges::none_of(ranges, [before](const auto& range) {
              return range.first <= before && before <= range.last;
            })) {
          ranges.push_back({before, before});
        }
      }
      gap.resendable = true;  // what a medium brought may be exported again, whatever the link can
      behind.push_back(std::move(gap));
    }
    std::ranges::reverse(behind);
    return behind;
  }

  bool busy() const {
    const AssemblyStatus assembly = parts_.assembler.status();
    const CommitStatus commit = parts_.committer.status();
    return assembly.queued_bytes > 0 || assembly.finishing > 0 || commit.queued_blobs > 0;
  }

  std::uint64_t open_shipments() const {
    std::uint64_t open = 0;
    for (const StreamStatus& known : parts_.publisher.status().streams) {
      open += known.open;
    }
    return open;
  }

  static std::string line_of(const Gap& gap) {
    std::string text = "  " + observe::shipment_id(gap.stream, gap.first) +
                       (gap.last > gap.first ? "-" + std::to_string(gap.last.value()) : "") + "  " +
                       std::string(to_string(gap.state));
    if (!gap.cause.empty()) {
      text += ": " + gap.cause;
    }
    for (const MissingBlob& blob : gap.missing) {
      text += "; " + blob.name + " " + human_size(blob.held) + " of " + human_size(blob.size);
    }
    if (!gap.waits_for.empty()) {
      text += "; waits for";
      for (const ShipmentSequence before : gap.waits_for) {
        text += " " + std::to_string(before.value());
      }
    }
    return text;
  }

  const Parts& parts_;
};

struct ImportDesk::Job {
  Job(const Parts& parts, const Senders& senders, CustodyLog& custody)
      : ledgers(parts),
        sink({parts.streams, parts.key, parts.assembler, parts.publisher, parts.clock}),
        importer({senders, parts.key.sealing_key().fingerprint(), sink, custody, ledgers,
                  parts.clock, parts.counters, parts.events}) {}

  Ledgers ledgers;
  MediaReceiver sink;
  Importer importer;
  bool running = true;  // as the report, guarded by the desk's mutex
  Result<ImportReport> report{ImportReport()};
  std::jthread thread;
};

ImportDesk::ImportDesk(Parts parts)
    : parts_(parts), senders_(senders_of(parts.streams)), custody_(parts.index) {}

ImportDesk::~ImportDesk() { stop(); }

void ImportDesk::stop() {
  std::unique_ptr<Job> job;
  {
    const std::lock_guard lock(mutex_);
    job = std::move(job_);
  }
  if (job != nullptr) {
    job->thread = {};
  }
}

Result<void> ImportDesk::remember(const ImportRequest& request) {
  json::array paths;
  for (const std::filesystem::path& path : request.paths) {
    paths.emplace_back(path.string());
  }
  store::Batch batch;
  batch.put(Family::kMeta, std::string(kJobKey),
            json::serialize(json::object{{"paths", std::move(paths)},
                                         {"by", request.by},
                                         {"carrier", request.carrier},
                                         {"reason", request.reason}}));
  return parts_.index.write(batch, store::Durability::kSynced);
}

void ImportDesk::forget() {
  store::Batch batch;
  batch.remove(Family::kMeta, std::string(kJobKey));
  // What stays after a crash is imported once more, which is harmless.
  static_cast<void>(parts_.index.write(batch, store::Durability::kUnsynced));
}

void ImportDesk::resume() {
  const auto value = parts_.index.get(Family::kMeta, kJobKey);
  if (!value || !*value) {
    return;
  }
  boost::system::error_code failure;
  const json::value root = json::parse(**value, failure);
  auto request = !failure && root.is_object()
                     ? request_of(root.get_object())
                     : Result<ImportRequest>(Error{ErrorCode::kInvalid, "import", "", ""});
  if (!request) {
    forget();
    return;
  }
  parts_.events.emit(Level::kNotice, "import.resumed", {{"by", request->by}});
  const std::lock_guard lock(mutex_);
  if (const auto begun = begin(*std::move(request)); !begun) {
    parts_.events.failure(Level::kError, "import.failed", begun.error());
  }
}

Result<std::string> ImportDesk::command(std::string_view text) {
  boost::system::error_code failure;
  const json::value root = json::parse({text.data(), text.size()}, failure);
  if (failure || !root.is_object()) {
    return Error{ErrorCode::kInvalid, "import", "is no command", ""};
  }
  const std::string what = text_of(root.get_object(), "do");
  if (what == "custody") {
    return custody();
  }
  if (what == "start") {
    SLUICE_TRY(const ImportRequest request, request_of(root.get_object()));
    SLUICE_TRY_VOID(start(request));
  } else if (what == "stop") {
    const std::lock_guard lock(mutex_);
    if (job_ != nullptr) {
      job_->thread.request_stop();
    }
  } else if (what != "show") {
    return Error{ErrorCode::kInvalid, "import", "takes start, show, stop or custody", ""};
  }
  return show();
}

Result<void> ImportDesk::start(const ImportRequest& request) {
  const std::lock_guard lock(mutex_);
  if (job_ != nullptr && job_->running) {
    return Error{ErrorCode::kRefused, "import", "another one is under way",
                 "wait for it, or stop it: sluice-high import --stop"};
  }
  SLUICE_TRY_VOID(remember(request));
  Result<void> begun = begin(request);
  if (!begun) {
    forget();
  }
  return begun;
}

Result<void> ImportDesk::begin(ImportRequest request) {
  job_.reset();
  auto job = std::make_unique<Job>(parts_, senders_, custody_);
  auto work = [this, one = job.get(), request = std::move(request)](const std::stop_token& stop) {
    auto report = one->importer.run(request, stop);
    if (report) {
      parts_.events.emit(
          report->refused == 0 && report->complete ? Level::kNotice : Level::kWarning,
          "import.finished",
          {{"volumes", std::to_string(report->volumes)},
           {"refused", std::to_string(report->refused)},
           {"missing_volumes", std::to_string(report->missing_volumes)},
           {"by", request.by},
           {"carrier", request.carrier}});
    } else {
      parts_.events.failure(Level::kError, "import.failed", report.error());
    }
    if (report || report.error().code != ErrorCode::kCancelled) {
      forget();
    }
    const std::lock_guard done(mutex_);
    one->report = std::move(report);
    one->running = false;
  };
  SLUICE_TRY_VOID(start_thread(job->thread, "import", std::move(work)));
  job_ = std::move(job);
  return {};
}

std::string ImportDesk::show() const {
  const std::lock_guard lock(mutex_);
  if (job_ == nullptr) {
    return json::serialize(json::object{{"running", false}, {"failure", ""}});
  }
  const ImportProgress progress = job_->importer.progress();
  json::object answer{{"running", job_->running},
                      {"bytes", progress.bytes},
                      {"total_bytes", progress.total_bytes},
                      {"place", progress.place},
                      {"failure", ""}};
  if (!job_->running && !job_->report) {
    answer["failure"] = job_->report.error().message();
  }
  if (!job_->running && job_->report) {
    const ImportReport& report = *job_->report;
    answer["lines"] = json::array(report.lines.begin(), report.lines.end());
    answer["volumes"] = report.volumes;
    answer["refused"] = report.refused;
    answer["missing_volumes"] = report.missing_volumes;
    answer["complete"] = report.complete;
    answer["wipe_record"] = report.wipe_record;
  }
  return json::serialize(answer);
}

Result<std::string> ImportDesk::custody() const {
  SLUICE_TRY(const auto entries, custody_.all());
  json::array all;
  for (const CustodyEntry& entry : entries) {
    all.push_back({{"volume", media::volume_name(entry.volume.stream, entry.volume.bundle,
                                                 entry.volume.volume)},
                   {"imported", format_rfc3339(entry.imported)},
                   {"by", entry.by},
                   {"carrier", entry.carrier},
                   {"reason", entry.reason},
                   {"place", entry.place},
                   {"exported_by", entry.exported_by},
                   {"sha256sums", entry.sums},
                   {"shipments", entry.shipments},
                   {"times", entry.times},
                   {"bad_sectors", entry.bad_sectors},
                   {"recovered", entry.recovered},
                   {"lost_blocks", entry.lost_blocks}});
  }
  return json::serialize(json::object{{"volumes", std::move(all)}});
}

}  // namespace sluice::high
