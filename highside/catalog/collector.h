// Garbage collection: lets go of old editions, then of what no edition shows any more.
//
//   Editions::retire ─▶ Catalog::sweep ─▶ what documents, shipments and senders need ─▶ Publisher
//   no reader begins    index entries     (everything else is garbage)                  removes
//
// Each step is durable before the next begins, so that no index ever names what is gone; a crash
// leaves garbage for the next run. docs/storage.md says what is kept, and why nothing that was
// collected comes back or is missed.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "common/base/clock.h"
#include "highside/catalog/publisher.h"
#include "highside/catalog/retention.h"

namespace sluice::high {

struct CollectorSettings {
  // An edition can be read for so long after the next one was published.
  std::chrono::microseconds keep_editions_for{std::chrono::hours(24 * 400)};
  std::chrono::microseconds every{0};  // 0: only when asked
  // Blobs that no shipment known here brings: their manifest may be on its way.
  std::chrono::microseconds keep_strays_for{std::chrono::hours(24)};
  // The streams that are listened to: of others nothing is kept because their sender may build on
  // it.
  std::set<std::string> streams{};
};

struct CollectorProgress {
  bool running = false;
  bool dry_run = false;
  std::uint64_t oldest = 0;     // edition that can be read without a name from now on
  std::uint64_t snapshots = 0;  // that stay
  std::uint64_t retired = 0;    // parts of the site's documents that retention took away
  std::uint64_t states = 0;     // of documents, that were dropped
  std::uint64_t blobs = 0;      // that were removed
  std::uint64_t bytes = 0;      // of them
  std::uint64_t strays = 0;     // blobs that wait for their manifest
  std::string failure;          // why it ended early
  UtcTime started;              // the epoch: never
  UtcTime finished;             // the epoch: not yet
};

// Callable from any thread.
class Collector {
 public:
  // All outlive it.
  Collector(Catalog& catalog, Publisher& publisher, store::KeyValueStore& index,
            store::BlobStore& blobs, const Clock& clock, observe::Counters& counters,
            observe::EventSink& events, CollectorSettings settings);
  ~Collector() { stop(); }
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  // What each run begins with; before start(), and outlives it.
  void begin_with(Retention& retention) { retention_ = &retention; }
  // The thread; runs a first time when the clock of the day has not stepped for an hour, then as
  // the settings say, and only while that is so.
  void start();
  void stop();  // after the piece in hand
  // Has the thread run, or say what it would do. False: one is under way, and goes on.
  bool ask(bool dry_run);
  CollectorProgress progress() const;
  // What the thread does, for those who do without it.
  CollectorProgress run(bool dry_run, const std::stop_token& stop = {});

 private:
  // What is known of the blobs while it runs: about 60 bytes each.
  struct Needs {
    std::unordered_set<Sha256Digest> needed;
    std::unordered_set<Sha256Digest> known_garbage;  // published shipments brought it
    // Their manifests go last: what a run that was interrupted leaves is still known by them.
    std::unordered_set<Sha256Digest> manifests;
  };
  struct Strays;

  void wait_and_run(const std::stop_token& stop);
  std::chrono::microseconds pause() const;
  Result<void> collect(bool dry_run, const std::stop_token& stop);
  Edition oldest_to_keep(const std::vector<LedgerEntry>& shipments) const;
  Result<void> add_shipments(const std::vector<LedgerEntry>& shipments, Needs& needs) const;
  Result<std::vector<Sha256Digest>> carried_by(const LedgerEntry& published) const;
  bool held_by_sender(const LedgerEntry& published) const;
  Result<void> remove_garbage(const Needs& needs, bool dry_run, const std::stop_token& stop);
  Result<void> remove_piece(const std::vector<store::BlobInfo>& garbage, bool dry_run);
  Result<void> forget_lost(const Needs& needs);
  void tell(const CollectorProgress& done);

  Catalog& catalog_;
  Publisher& publisher_;
  store::KeyValueStore& index_;
  store::BlobStore& blobs_;
  const Clock& clock_;
  observe::Counters& counters_;
  observe::EventSink& events_;
  const CollectorSettings settings_;
  Retention* retention_ = nullptr;

  mutable std::mutex mutex_;
  std::condition_variable_any asked_;
  CollectorProgress progress_;
  std::optional<bool> request_;  // to run; whether only to look
  std::jthread thread_;
};

}  // namespace sluice::high
