#include "lowside/daemon/low_daemon.h"

#include <condition_variable>

#include "common/base/clock_watch.h"
#include "common/base/text.h"
#include "common/store/disk_blob_store.h"
#include "common/store/rocks_store.h"
#include "lowside/daemon/epoch.h"
#include "lowside/transmit/interleaving.h"

namespace sluice::low {
namespace {

using observe::Level;

// Retention frees space long before it is short, and its walk over the spool is cheap.
constexpr std::chrono::minutes kHousekeepingEvery{5};
// Decisions of policy stay as long as auditors commonly ask for.
constexpr std::chrono::days kAuditKept{400};

// Everything that a reload cannot change.
std::string fixed_settings(const config::Settings& settings) {
  std::string text;
  for (const config::SectionSpec& spec : settings.table().sections()) {
    if (spec.many || spec.name == "policy") {
      continue;
    }
    for (const config::Setting& setting : spec.settings) {
      text += spec.name + "." + setting.key + "=" +
              config::to_toml(setting.type, settings.section(spec.name).held(setting.key).value) +
              "\n";
    }
  }
  return text;
}

}  // namespace

LowDaemon::LowDaemon(Options options, observe::Counters& counters, observe::EventSink& events,
                     const Clock& clock, std::function<void(const Error&)> storage_failed)
    : options_(std::move(options)),
      counters_(counters),
      events_(events),
      clock_(clock),
      storage_failed_(std::move(storage_failed)),
      files_(posix_file_system(), storage_failed_) {}

LowDaemon::~LowDaemon() {
  housekeeping_ = {};
  refetching_ = {};  // before the fetcher, as the sources
  sources_.reset();  // before the fetcher, which must have no calls under way
}

Result<std::unique_ptr<LowDaemon>> LowDaemon::start(
    const config::Settings& settings, observe::Counters& counters, observe::EventSink& events,
    const Clock& clock, std::function<void(const Error&)> storage_failed) {
  SLUICE_TRY(Options options, read_options(settings));
  SLUICE_TRY(auto sources, make_sources(settings, counters, clock));
  std::unique_ptr<LowDaemon> daemon(
      new LowDaemon(std::move(options), counters, events, clock, std::move(storage_failed)));
  daemon->fixed_settings_ = fixed_settings(settings);
  SLUICE_TRY_VOID(daemon->open_stores());
  SLUICE_TRY_VOID(daemon->open_link());
  daemon->start_sources(std::move(sources));
  daemon->refetcher_ = std::make_unique<Refetcher>(RefetchParts{
      daemon->options_.spool.stream, *daemon->spool_, *daemon->fetcher_, *daemon->intake_, counters,
      events, [d = daemon.get()] { d->transmitter_->wake(); }});
  daemon->refetching_ =
      std::jthread([d = daemon.get()](const std::stop_token& stop) { d->refetcher_->run(stop); });
  daemon->housekeeping_ =
      std::jthread([d = daemon.get()](const std::stop_token& stop) { d->keep_house(stop); });
  return daemon;
}

void LowDaemon::start_sources(std::vector<ConfiguredSource> sources) {
  const std::size_t lanes = options_.sinks.size();
  sources_ = std::make_unique<SourceSet>(
      RunnerParts{options_.spool.stream, *fetcher_, *intake_, *spool_, events_, counters_, clock_,
                  [this] { transmitter_->wake(); }, requests_.get(),
                  [this, lanes](std::uint64_t bytes) {
                    return sending_time(options_.transmit, lanes, bytes);
                  }},
      options_.state / "work");
  commands_ = std::make_unique<RequestCommands>(
      RequestCommands::Parts{*requests_, [this] { return sources_->by_request(); },
                             [this](const std::string& source) { sources_->poll_soon(source); },
                             [this] { return sources_->status(); }});
  sources_->apply(std::move(sources));
}

Result<void> LowDaemon::open_stores() {
  SLUICE_TRY(index_, store::open_rocks_store(
                         {.folder = options_.spool.folder / "index", .failed = storage_failed_}));
  SLUICE_TRY(blobs_, store::DiskBlobStore::open(*index_, files_, options_.spool.folder));
  SLUICE_TRY(spool_, Spool::open(options_.spool,
                                 {*index_, *blobs_, files_, options_.signing, clock_, counters_}));
  scrubber_ = service::make_scrubber(
      *blobs_, clock_, options_.scrub_bytes_per_second,
      [this](const auto& damaged) { return lose(damaged); }, counters_, events_);
  quarantine_ = std::make_unique<QuarantineFolder>(
      QuarantineSettings{.folder = options_.state / "quarantine"}, files_, clock_, counters_);
  SLUICE_TRY_VOID(quarantine_->open());
  audit_ = std::make_unique<StoredAuditLog>(*index_);
  requests_ = std::make_unique<RequestBook>(
      RequestBook::Parts{*index_, *audit_, clock_, counters_, events_}, options_.overdue_after);
  verifier_ = std::make_unique<Verifier>(*quarantine_, files_, counters_, events_);
  inspector_ = std::make_unique<Inspector>(*quarantine_, counters_, events_);
  admitter_ = std::make_unique<Admitter>(options_.policy, *quarantine_, *audit_, clock_, counters_,
                                         events_);
  intake_ = std::make_unique<StagedIntake>(*verifier_, *inspector_, *admitter_, *spool_, files_);
  SLUICE_TRY(fetcher_, Fetcher::open(options_.fetch, files_, clock_, counters_, events_));
  return {};
}

Result<void> LowDaemon::open_link() {
  std::vector<link::DatagramSink*> lanes;
  for (const link::UdpSinkSettings& settings : options_.sinks) {
    SLUICE_TRY(auto sink, link::UdpSink::open(settings));
    lanes.push_back(sink.get());
    sinks_.push_back(std::move(sink));
  }
  SLUICE_TRY(options_.transmit.epoch, next_epoch(*index_, clock_));
  SLUICE_TRY(transmitter_, Transmitter::start(options_.transmit,
                                              {*spool_, *blobs_, lanes, options_.signing,
                                               options_.receivers, clock_, counters_, events_}));
  exports_ = std::make_unique<ExportDesk>(
      ExportDesk::Parts{*index_, *spool_, *blobs_, options_.signing, options_.receivers,
                        options_.transmit, clock_, counters_, events_});
  return {};
}

Result<void> LowDaemon::reload(const config::Settings& settings) {
  SLUICE_TRY(const Options options, read_options(settings));
  SLUICE_TRY(auto sources, make_sources(settings, counters_, clock_));
  admitter_->set_policy(options.policy);
  sources_->apply(std::move(sources));
  if (fixed_settings(settings) != fixed_settings_) {
    events_.emit(Level::kWarning, "config.restart-needed",
                 {{"cause", "settings besides policy and sources have changed"},
                  {"cure", "restart: sources and policy are in effect already"}});
  }
  return {};
}

Result<std::uint64_t> LowDaemon::resend(std::string_view shipments) {
  if (trim(shipments) == "all") {
    SLUICE_TRY(const std::uint64_t left, spool_->resend_all());
    events_.emit(Level::kNotice, "resend.all", {{"shipments", std::to_string(left)}});
    transmitter_->wake();
    return left;
  }
  SLUICE_TRY(const auto ranges, parse_shipments(shipments, options_.spool.stream));
  SLUICE_TRY(const std::uint64_t planned, spool_->resend(ranges));
  events_.emit(Level::kNotice, "resend.planned",
               {{"shipments", wire::to_text(ranges)}, {"passes", std::to_string(planned)}});
  refetcher_->wake();
  transmitter_->wake();
  return planned;
}

// A disk that died while nothing was to be written would show only when a shipment is made.
Result<void> LowDaemon::write_probe() {
  std::string now;
  store::append_u64(now, static_cast<std::uint64_t>(to_unix_micros(clock_.utc_now())));
  store::Batch batch;
  batch.put(store::Family::kMeta, "probe", std::move(now));
  return index_->write(batch, store::Durability::kSynced);
}

Result<std::vector<std::string>> LowDaemon::lose(const std::vector<store::DamagedBlob>& damaged) {
  SLUICE_TRY(auto lines, spool_->lose(damaged));
  counters_.add(observe::Metric::kDamagedBlobs, lines.size());
  for (const std::string& line : lines) {
    events_.emit(Level::kError, "blob.damaged", {{"cause", line}});
  }
  return lines;
}

void LowDaemon::keep_house(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  ClockWatch watch(clock_);
  while (!stop.stop_requested()) {
    if (const auto written = write_probe(); !written) {
      events_.failure(Level::kError, "spool.write-failed", written.error());
    }
    if (const auto step = watch.look(); step.count() != 0) {
      counters_.add(observe::Metric::kClockSteps);
      events_.emit(Level::kWarning, "clock.stepped",
                   {{"seconds", std::to_string(step.count())},
                    {"effect", "for an hour nothing is dropped because of its age"},
                    {"cure", "if the clock is wrong now, set it right"}});
    }
    drop_what_is_old(watch.settled());
    look_at_requests(watch.settled());
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, kHousekeepingEvery, [] { return false; });
  }
}

// While the clock cannot be relied on, nobody is late and nothing is too old.
void LowDaemon::look_at_requests(bool clock_settled) {
  if (!clock_settled) {
    return;
  }
  if (const auto kept = requests_->keep_house(clock_.utc_now() - kAuditKept); !kept) {
    events_.failure(Level::kError, "request.housekeeping-failed", kept.error());
  }
}

void LowDaemon::drop_what_is_old(bool clock_settled) {
  const auto dropped = spool_->retain(clock_settled ? Spool::Age::kCounts : Spool::Age::kIgnored);
  if (!dropped) {
    events_.failure(Level::kError, "spool.retention-failed", dropped.error());
  } else if (dropped->shipments > 0) {
    events_.emit(Level::kInfo, "spool.dropped",
                 {{"shipments", std::to_string(dropped->shipments)},
                  {"blobs", std::to_string(dropped->blobs)}});
  }
  if (!clock_settled) {
    return;
  }
  if (const auto trimmed = audit_->trim(clock_.utc_now() - kAuditKept); !trimmed) {
    events_.failure(Level::kError, "audit.trim-failed", trimmed.error());
  }
}

}  // namespace sluice::low
