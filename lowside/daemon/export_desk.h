// `sluice-low export`, the daemon's side: one export at a time, in a thread of its own.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/observe/counters.h"
#include "common/observe/events.h"
#include "lowside/media/exporter.h"
#include "lowside/spool/spool.h"
#include "lowside/transmit/settings.h"

namespace sluice::low {

// Callable from any thread.
class ExportDesk {
 public:
  struct Parts {                  // all outlive it
    store::KeyValueStore& index;  // where bundles are numbered
    Spool& spool;
    const store::BlobStore& blobs;
    const crypto::SigningKey& signing;
    const std::vector<crypto::SealingKey>& receivers;
    const TransmitSettings& link;
    const Clock& clock;
    observe::Counters& counters;
    observe::EventSink& events;
  };
  explicit ExportDesk(Parts parts);
  ~ExportDesk();
  ExportDesk(const ExportDesk&) = delete;
  ExportDesk& operator=(const ExportDesk&) = delete;

  // A JSON object with "do": "start" ("to", "size", "select", "value", "earlier", "iso", "by",
  // "reason"), "show" or "stop". Answers with how far it is, as JSON.
  Result<std::string> command(std::string_view text);

 private:
  struct Job;
  Result<void> start(const std::string& folder, Journal wanted, const std::string& select,
                     const std::string& value, bool earlier);
  Result<Journal> prepare(const std::filesystem::path& folder, Journal wanted,
                          const std::string& select, const std::string& value, bool earlier);
  Result<std::vector<ShipmentSequence>> chosen(const std::string& select, const std::string& value,
                                               bool earlier) const;
  std::string show() const;

  const Parts parts_;
  mutable std::mutex mutex_;
  std::unique_ptr<Job> job_;  // the latest; guarded by mutex_
};

}  // namespace sluice::low
