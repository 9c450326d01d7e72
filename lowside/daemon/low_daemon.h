// sluice-low, put together.
//
//   SourceRunner threads ─▶ Fetcher (libcurl's thread) ─▶ StagedIntake ─▶ Spool ─▶ Transmitter
//   (builder, a sender for each lane) ─▶ UdpSink
//                                                                         ▲
//   housekeeping thread: retention, audit trail ──────────────────────────┘
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/base/clock.h"
#include "common/base/sync_guard.h"
#include "common/config/settings.h"
#include "common/link/send/udp_sink.h"
#include "common/observe/counters.h"
#include "common/observe/events.h"
#include "common/service/scrub.h"
#include "common/store/blob_store.h"
#include "common/store/key_value_store.h"
#include "lowside/admit/admitter.h"
#include "lowside/admit/stored_audit_log.h"
#include "lowside/daemon/export_desk.h"
#include "lowside/daemon/intake.h"
#include "lowside/daemon/options.h"
#include "lowside/daemon/refetcher.h"
#include "lowside/daemon/request_commands.h"
#include "lowside/daemon/source_set.h"
#include "lowside/fetch/fetcher.h"
#include "lowside/inspect/inspector.h"
#include "lowside/spool/spool.h"
#include "lowside/transmit/transmitter.h"
#include "lowside/verify/quarantine_folder.h"
#include "lowside/verify/verifier.h"

namespace sluice::low {

class LowDaemon {
 public:
  // Opens everything and starts. `counters`, `events` and `clock` outlive it. The Error names what
  // cannot be used. `storage_failed` is called, from any thread, when the disk has failed so that
  // nothing can become durable any more: the program is to end.
  static Result<std::unique_ptr<LowDaemon>> start(const config::Settings& settings,
                                                  observe::Counters& counters,
                                                  observe::EventSink& events, const Clock& clock,
                                                  std::function<void(const Error&)> storage_failed);
  // Polls stop, the spool is closed; a pass under way is sent again by the next run.
  ~LowDaemon();
  LowDaemon(const LowDaemon&) = delete;
  LowDaemon& operator=(const LowDaemon&) = delete;

  // Takes the sources and the policy of `settings`; the link goes on undisturbed. What else has
  // changed is named in an event: it needs a restart.
  Result<void> reload(const config::Settings& settings);

  // What follows is callable from any thread.
  std::string status() const;  // JSON
  std::optional<std::string> trouble()
      const;  // why it is not well: a source that keeps failing, a full disk
  // Plans another pass of shipments, given as "3,5-7", by a resend code or as "all"; says how
  // many.
  Result<std::uint64_t> resend(std::string_view shipments);
  store::Scrubber& scrubber() { return *scrubber_; }
  ExportDesk& exports() { return *exports_; }
  // A command of `sluice-low request` (request_commands.h), and its answer.
  Result<std::string> request(std::string_view command) { return commands_->run(command); }

 private:
  LowDaemon(Options options, observe::Counters& counters, observe::EventSink& events,
            const Clock& clock, std::function<void(const Error&)> storage_failed);
  Result<void> open_stores();
  Result<void> open_link();
  Result<void> write_probe();
  void drop_what_is_old(bool clock_settled);
  void look_at_requests(bool clock_settled);
  Result<std::vector<std::string>> lose(const std::vector<store::DamagedBlob>& damaged);
  void keep_house(const std::stop_token& stop);
  void start_sources(std::vector<ConfiguredSource> sources);

  Options options_;
  std::string fixed_settings_;  // all but the sources and the policy, as text
  observe::Counters& counters_;
  observe::EventSink& events_;
  const Clock& clock_;
  std::function<void(const Error&)> storage_failed_;
  SyncGuard files_;

  // In the order in which they need each other; destroyed from the last.
  std::unique_ptr<store::KeyValueStore> index_;
  std::unique_ptr<store::BlobStore> blobs_;
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<store::Scrubber> scrubber_;
  std::vector<std::unique_ptr<link::UdpSink>> sinks_;
  std::unique_ptr<Transmitter> transmitter_;
  std::unique_ptr<ExportDesk> exports_;
  std::unique_ptr<QuarantineFolder> quarantine_;
  std::unique_ptr<StoredAuditLog> audit_;
  std::unique_ptr<RequestBook> requests_;
  std::unique_ptr<Verifier> verifier_;
  std::unique_ptr<Inspector> inspector_;
  std::unique_ptr<Admitter> admitter_;
  std::unique_ptr<StagedIntake> intake_;
  std::unique_ptr<Fetcher> fetcher_;
  std::unique_ptr<SourceSet> sources_;
  std::unique_ptr<RequestCommands> commands_;
  std::unique_ptr<Refetcher> refetcher_;
  std::jthread refetching_;
  std::jthread housekeeping_;
};

}  // namespace sluice::low
