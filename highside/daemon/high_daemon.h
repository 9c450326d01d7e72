// sluice-high, put together.
//
//   UdpSource ─▶ Receiver (take, worker) ─▶ Assembler ─▶ Committer ─▶ Publisher ─▶ Catalog ─▶
//   mirrors ─▶ http::Server
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/sync_guard.h"
#include "common/config/settings.h"
#include "common/http/router.h"
#include "common/observe/counters.h"
#include "common/observe/events.h"
#include "common/service/scrub.h"
#include "common/store/blob_store.h"
#include "common/store/key_value_store.h"
#include "highside/access/token_access.h"
#include "highside/access/token_store.h"
#include "highside/assemble/assembler.h"
#include "highside/catalog/catalog.h"
#include "highside/catalog/collector.h"
#include "highside/catalog/publisher.h"
#include "highside/commit/committer.h"
#include "highside/daemon/import_desk.h"
#include "highside/daemon/options.h"
#include "highside/daemon/registries.h"
#include "highside/daemon/snapshot_control.h"
#include "highside/daemon/stored_epochs.h"
#include "highside/receive/receiver.h"
#include "highside/wanted/wanted_list.h"

namespace sluice::high {

class HighDaemon {
 public:
  // Opens everything and starts. `counters`, `events` and `clock` outlive it. The Error names what
  // cannot be used. `storage_failed` is called, from any thread, when the disk has failed so that
  // nothing can become durable any more: the program is to end. Afterwards this process can make no
  // datagram socket any more.
  static Result<std::unique_ptr<HighDaemon>> start(
      const config::Settings& settings, observe::Counters& counters, observe::EventSink& events,
      const Clock& clock, std::function<void(const Error&)> storage_failed);
  // Stops from the link inwards: what has been taken is put together, committed and published as
  // far as it is whole.
  ~HighDaemon();
  HighDaemon(const HighDaemon&) = delete;
  HighDaemon& operator=(const HighDaemon&) = delete;

  // What follows is callable from any thread.
  std::string status() const;  // JSON
  std::string gaps() const;    // JSON
  std::string wanted();        // JSON: what clients asked for and is not here by now either
  std::optional<std::string> trouble()
      const;  // why it is not well: a silent link, a store that takes nothing, damaged blobs
  // The command "withdraw": {"ecosystem", "document", "by"}.
  Result<std::string> withdraw(std::string_view what);
  // The command "token" (token_control.h).
  Result<std::string> change_tokens(std::string_view what);
  store::Scrubber& scrubber() { return *scrubber_; }
  ImportDesk& imports() { return *imports_; }
  SnapshotParts snapshots() { return {*catalog_, *collector_, clock_, counters_, events_}; }

 private:
  HighDaemon(Options options, observe::Counters& counters, observe::EventSink& events,
             const Clock& clock, std::function<void(const Error&)> storage_failed);
  Result<void> open_stores();
  Result<void> open_link();
  void limit_clients();
  Result<void> serve();
  void mount_mirrors();
  RegistryParts registry_parts(const CatalogReader& catalog) const;
  PublishParts publish_parts();
  http::Handler ask_mirrors() const;
  Result<void> serve_port(const RegistryPort& port);
  http::Handler guard(http::Handler served, bool setup_is_open) const;
  Result<std::vector<std::string>> lose(const std::vector<store::DamagedBlob>& damaged);

  Options options_;
  observe::Counters& counters_;
  observe::EventSink& events_;
  const Clock& clock_;
  std::function<void(const Error&)> storage_failed_;
  SyncGuard files_;

  // In the order in which they need each other; destroyed from the last.
  std::unique_ptr<store::KeyValueStore> index_;
  std::unique_ptr<TokenStore> tokens_;
  std::unique_ptr<TokenAccess> access_;
  std::unique_ptr<store::BlobStore> blobs_;
  std::unique_ptr<Catalog> catalog_;
  std::vector<std::unique_ptr<RecordCheck>> checks_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<Assembler> assembler_;
  std::unique_ptr<store::Scrubber> scrubber_;
  std::unique_ptr<Retention> retention_;
  std::unique_ptr<Collector> collector_;
  std::unique_ptr<StoredEpochs> epochs_;
  std::unique_ptr<Receiver> receiver_;
  std::unique_ptr<ImportDesk> imports_;
  std::unique_ptr<WantedList> wanted_;
  http::Router mirrors_;
  std::vector<std::unique_ptr<http::Server>> servers_;
};

}  // namespace sluice::high
