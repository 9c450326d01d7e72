// `sluice-high import`, the daemon's side: one import at a time, in a thread of its own. What was
// under way when the program ended is taken up by the next run.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "common/base/clock.h"
#include "common/observe/events.h"
#include "common/store/key_value_store.h"
#include "highside/assemble/assembler.h"
#include "highside/catalog/publisher.h"
#include "highside/commit/committer.h"
#include "highside/media/importer.h"
#include "highside/receive/settings.h"

namespace sluice::high {

// Callable from any thread.
class ImportDesk {
 public:
  struct Parts {  // all outlive it
    const std::vector<TrustedStream>& streams;
    const crypto::OpeningKey& key;
    store::KeyValueStore& index;
    Assembler& assembler;
    Committer& committer;
    Publisher& publisher;
    const Clock& clock;
    observe::Counters& counters;
    observe::EventSink& events;
  };
  explicit ImportDesk(Parts parts);
  ~ImportDesk();
  ImportDesk(const ImportDesk&) = delete;
  ImportDesk& operator=(const ImportDesk&) = delete;

  // Takes up what a former run was at; where that cannot be begun, the next run does.
  void resume();
  // Ends the thread; what was under way is taken up by the next run.
  void stop();
  // A JSON object with "do": "start" ("paths", "by", "carrier", "reason"), "show", "stop" or
  // "custody". Answers with how far it is, or with who carried what, as JSON.
  Result<std::string> command(std::string_view text);

 private:
  struct Job;
  class Ledgers;

  Result<void> start(const ImportRequest& request);
  Result<void> begin(ImportRequest request);  // with mutex_
  Result<void> remember(const ImportRequest& request);
  void forget();
  std::string show() const;
  Result<std::string> custody() const;

  const Parts parts_;
  const Senders senders_;
  CustodyLog custody_;
  mutable std::mutex mutex_;
  std::unique_ptr<Job> job_;  // the latest; guarded by mutex_
};

}  // namespace sluice::high
