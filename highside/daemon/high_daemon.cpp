#include "highside/daemon/high_daemon.h"

#include <sys/resource.h>

#include "common/link/receive/send_ban.h"
#include "common/store/disk_blob_store.h"
#include "common/store/rocks_store.h"
#include "highside/daemon/token_control.h"
#include "highside/mirror/apt/record_check.h"
#include "highside/mirror/conda/record_check.h"
#include "highside/mirror/files/record_check.h"
#include "highside/mirror/huggingface/record_check.h"
#include "highside/mirror/npm/npm_mirror.h"
#include "highside/mirror/npm/record_check.h"
#include "highside/mirror/oci/record_check.h"
#include "highside/mirror/oci/snapshot_names.h"
#include "highside/mirror/pypi/record_check.h"
#include "highside/mirror/snapshots/snapshot_mirror.h"

namespace sluice::high {
namespace {

// Downloads under way may end; what takes longer is resumed by Range.
constexpr std::chrono::seconds kServeGrace{5};
// Rendered npm documents of each edition that is read by its name: a project's closure has some
// hundred of 50 KB.
constexpr std::size_t kPinnedCacheBytes = std::size_t{16} << 20;
constexpr std::string_view kSetup = "/setup";

}  // namespace

HighDaemon::HighDaemon(Options options, observe::Counters& counters, observe::EventSink& events,
                       const Clock& clock, std::function<void(const Error&)> storage_failed)
    : options_(std::move(options)),
      counters_(counters),
      events_(events),
      clock_(clock),
      storage_failed_(std::move(storage_failed)),
      files_(posix_file_system(), storage_failed_) {}

HighDaemon::~HighDaemon() {
  for (const auto& server : servers_) {
    server->stop(kServeGrace);
  }
  if (scrubber_) {
    scrubber_->stop();
  }
  if (collector_) {
    collector_->stop();
  }
  if (imports_) {
    imports_->stop();
  }
  receiver_.reset();
  if (assembler_) {
    assembler_->stop();
  }
  if (committer_) {
    committer_->stop();
  }
  if (publisher_) {
    publisher_->stop();
  }
}

Result<std::unique_ptr<HighDaemon>> HighDaemon::start(
    const config::Settings& settings, observe::Counters& counters, observe::EventSink& events,
    const Clock& clock, std::function<void(const Error&)> storage_failed) {
  SLUICE_TRY(Options options, read_options(settings));
  std::unique_ptr<HighDaemon> daemon(
      new HighDaemon(std::move(options), counters, events, clock, std::move(storage_failed)));
  SLUICE_TRY_VOID(daemon->open_stores());
  SLUICE_TRY_VOID(daemon->open_link());
  SLUICE_TRY_VOID(daemon->serve());
  daemon->imports_->resume();
  return daemon;
}

Result<void> HighDaemon::open_stores() {
  SLUICE_TRY(index_, store::open_rocks_store(
                         {.folder = options_.state / "index", .failed = storage_failed_}));
  tokens_ = std::make_unique<TokenStore>(*index_, clock_);
  SLUICE_TRY_VOID(tokens_->load());
  access_ = std::make_unique<TokenAccess>(*tokens_, options_.namespaces, options_.reads_need_token,
                                          counters_, events_);
  SLUICE_TRY(blobs_, store::DiskBlobStore::open(*index_, files_, options_.state));
  catalog_ = std::make_unique<Catalog>(*index_);
  SLUICE_TRY_VOID(catalog_->load());
  checks_.push_back(std::make_unique<NpmRecordCheck>());
  checks_.push_back(std::make_unique<PypiRecordCheck>());
  checks_.push_back(std::make_unique<HuggingFaceRecordCheck>());
  checks_.push_back(std::make_unique<CondaRecordCheck>());
  checks_.push_back(std::make_unique<OciRecordCheck>(std::move(options_.sif)));
  checks_.push_back(std::make_unique<FileRecordCheck>());
  checks_.push_back(std::make_unique<AptRecordCheck>(options_.archives));

  publisher_ = std::make_unique<Publisher>(*catalog_, *index_, *blobs_, clock_, counters_, events_,
                                           PublisherSettings{.site = options_.namespaces});
  for (const auto& check : checks_) {
    publisher_->add(*check);
  }
  committer_ = std::make_unique<Committer>(*blobs_, *index_, counters_, events_);
  AssemblerSettings assembling{.streams = {}, .staging = options_.staging};
  if (const Processors& all = options_.receive.processors; !all.empty()) {
    assembling.processors = {all[(options_.sources.size() + 1) % all.size()]};
  }
  for (const TrustedStream& stream : options_.streams) {
    assembling.streams.emplace(stream.name, stream.key);
  }
  assembler_ = std::make_unique<Assembler>(std::move(assembling), *blobs_, *index_, files_, clock_,
                                           *committer_, *publisher_, counters_, events_);
  committer_->listen(*assembler_);
  committer_->listen(*publisher_);
  committer_->start();
  SLUICE_TRY_VOID(publisher_->start(*assembler_));
  SLUICE_TRY_VOID(assembler_->start());
  scrubber_ = service::make_scrubber(
      *blobs_, clock_, options_.scrub_bytes_per_second,
      [this](const auto& damaged) { return lose(damaged); }, counters_, events_);
  CollectorSettings collecting = options_.collecting;
  for (const TrustedStream& stream : options_.streams) {
    collecting.streams.insert(stream.name);
  }
  collector_ = std::make_unique<Collector>(*catalog_, *publisher_, *index_, *blobs_, clock_,
                                           counters_, events_, std::move(collecting));
  retention_ = std::make_unique<Retention>(*catalog_, *publisher_, *index_, clock_, counters_,
                                           options_.retention, pruners(clock_, *blobs_));
  collector_->begin_with(*retention_);
  collector_->start();
  return {};
}

Result<std::vector<std::string>> HighDaemon::lose(const std::vector<store::DamagedBlob>& damaged) {
  SLUICE_TRY(const auto lost, publisher_->lose(damaged));
  std::vector<std::string> lines;
  for (const LostBlob& blob : lost) {
    lines.push_back(describe(blob));
  }
  return lines;
}

Result<void> HighDaemon::open_link() {
  std::vector<std::unique_ptr<link::DatagramSource>> sources;
  for (const link::UdpSourceSettings& settings : options_.sources) {
    SLUICE_TRY(auto source, link::UdpSource::open(settings));
    if (source->receive_buffer_bytes() < settings.receive_buffer_bytes) {
      events_.emit(
          observe::Level::kWarning, "link.small-buffer",
          {{"thing", "receive buffer of " + source->local_address().to_string()},
           {"cause", "the kernel gave " + std::to_string(source->receive_buffer_bytes()) + " of " +
                         std::to_string(settings.receive_buffer_bytes) + " bytes"},
           {"cure",
            "raise net.core.rmem_max (deploy/sysctl/90-sluice.conf) or grant CAP_NET_ADMIN"}});
    }
    sources.push_back(std::move(source));
  }
  SLUICE_TRY_VOID(link::forbid_datagram_sockets());
  epochs_ = std::make_unique<StoredEpochs>(*index_);
  receiver_ = std::make_unique<Receiver>(options_.receive, std::move(sources),
                                         ReceiveParts{.streams = options_.streams,
                                                      .key = options_.opening,
                                                      .epochs = *epochs_,
                                                      .consumer = *assembler_,
                                                      .clock = clock_,
                                                      .counters = counters_,
                                                      .events = events_});
  imports_ = std::make_unique<ImportDesk>(
      ImportDesk::Parts{options_.streams, options_.opening, *index_, *assembler_, *committer_,
                        *publisher_, clock_, counters_, events_});
  return {};
}

RegistryParts HighDaemon::registry_parts(const CatalogReader& catalog) const {
  return {catalog,
          *blobs_,
          options_.archives,
          options_.authority,
          options_.oci_namespace,
          options_.namespaces};
}

PublishParts HighDaemon::publish_parts() {
  return {.site = *publisher_,
          .access = *access_,
          .namespaces = options_.namespaces,
          .catalog = *catalog_,
          .blobs = *blobs_,
          .files = files_,
          .clock = clock_,
          .upload_limit = options_.upload_limit};
}

void HighDaemon::mount_mirrors() {
  http::Router& router = mirrors_;
  const PublishParts publishing = publish_parts();
  mount_registries(router, "", registry_parts(*catalog_), NpmMirror::kCacheBytes, &publishing);
  const auto snapshots = std::make_shared<SnapshotMirror>(
      *catalog_, catalog_->editions(), clock_,
      [this](const std::string& prefix, const CatalogReader& catalog) -> http::Handler {
        auto pinned = std::make_shared<http::Router>();
        mount_registries(*pinned, prefix, registry_parts(catalog), kPinnedCacheBytes);
        return [pinned](const http::Request& request) { return pinned->handle(request); };
      });
  for (const char* path : {"/edition", "/snapshot"}) {
    router.mount(path,
                 [snapshots](const http::Request& request) { return snapshots->handle(request); });
    router.mount(std::string("/v2") + path, [snapshots](const http::Request& request) {
      return snapshots->handle(behind_the_snapshot(request));
    });
  }
}

http::Handler HighDaemon::ask_mirrors() const {
  return [this](const http::Request& request) { return mirrors_.handle(request); };
}

Result<std::string> HighDaemon::withdraw(std::string_view what) {
  return high::withdraw(*publisher_, options_.namespaces, what);
}

Result<std::string> HighDaemon::change_tokens(std::string_view what) {
  return high::change_tokens(*tokens_, events_, clock_, what);
}

// Whoever reads needs a token where the settings say so, but for what tells clients how to.
http::Handler HighDaemon::guard(http::Handler served, bool setup_is_open) const {
  return [this, setup_is_open, served = std::move(served)](const http::Request& request) {
    const bool open =
        setup_is_open && (request.raw_path == kSetup || request.raw_path.starts_with("/setup/"));
    const Verdict verdict = open ? Verdict{Verdict::Outcome::kAllowed, "", ""}
                                 : access_->decide(request.credentials, Verb::kRead, "", "");
    return verdict.allowed() ? served(request) : refusal(verdict);
  };
}

// Half of the descriptors are for clients at the most: the link, the staging folder and the index
// go on when there are as many clients as can be.
void HighDaemon::limit_clients() {
  rlimit descriptors{};
  std::size_t& connections = options_.serve.limits.connections;
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) != 0) {
    return;
  }
  const std::size_t most = descriptors.rlim_cur / 2 / (1 + options_.ports.size());
  if (connections <= most) {
    return;
  }
  events_.emit(observe::Level::kWarning, "serve.fewer-connections",
               {{"thing", "serve.connections " + std::to_string(connections)},
                {"cause", "of " + std::to_string(descriptors.rlim_cur) +
                              " descriptors (LimitNOFILE) half are kept for the rest"},
                {"cure", "raise LimitNOFILE, or lower serve.connections"}});
  connections = most;
}

Result<void> HighDaemon::serve() {
  limit_clients();
  wanted_ = std::make_unique<WantedList>(*index_, clock_);
  SLUICE_TRY_VOID(wanted_->load());
  mount_mirrors();
  options_.serve.cache.version = [this] {  // both only grow
    return catalog_->current().value() + catalog_->lost_changes();
  };
  if (options_.reads_need_token) {
    options_.serve.cache.allows = [this](const http::Request& request) {
      return tokens_->find(token_in(request.credentials).reveal()).has_value();
    };
  }
  options_.serve.receive = [this](const http::Request& head) { return mirrors_.receive(head); };
  SLUICE_TRY(auto server,
             http::Server::start(options_.serve, guard(note_misses(ask_mirrors(), *wanted_), true),
                                 counters_, events_));
  servers_.push_back(std::move(server));
  for (const RegistryPort& port : options_.ports) {
    SLUICE_TRY_VOID(serve_port(port));
  }
  return {};
}

Result<void> HighDaemon::serve_port(const RegistryPort& port) {
  const auto router = std::make_shared<http::Router>();
  mount_alone(*router, port.registry, registry_parts(*catalog_), kPinnedCacheBytes,
              publish_parts());
  http::ServerOptions options = options_.serve;
  options.listen = port.listen;
  options.receive = [router](const http::Request& head) { return router->receive(head); };
  http::Handler mirror = [router](const http::Request& request) { return router->handle(request); };
  SLUICE_TRY(
      auto server,
      http::Server::start(
          options, guard(note_misses(std::move(mirror), *wanted_, "/" + port.registry), false),
          counters_, events_));
  servers_.push_back(std::move(server));
  return {};
}

}  // namespace sluice::high
