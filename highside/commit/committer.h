// Makes verified blobs durable in groups.
//
//   accept() (any thread) ──> queue (bounded) ──> committer thread: BlobStore::commit ──> durable()
//
// A group is what is in the queue, up to a limit: while one group is being synced the next one
// gathers, so groups grow with the load and a lone blob waits for nobody.
//
// While the disk is full the group in hand and the queue are kept and tried again; when the queue
// is full as well, accept() says so at once. What is turned away stays missing in the ledger.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/base/limits.h"
#include "common/observe/counters.h"
#include "common/observe/events.h"
#include "common/store/blob_store.h"
#include "highside/pipeline/stages.h"
#include "highside/pipeline/status.h"
#include "highside/pipeline/step.h"

namespace sluice::high {

struct CommitterSettings {
  // One group: 16 MiB of small blobs is one pack and one RocksDB write, a few tens of milliseconds;
  // 512 files are 512 fsyncs, about 0.2 s.
  std::size_t group_bytes = std::size_t{16} << 20;
  std::size_t group_blobs = 512;
  // The queue: a few groups, so that the assembler runs on while one is synced.
  std::size_t queue_bytes = std::size_t{64} << 20;
  std::size_t queue_blobs = 4096;
  std::chrono::milliseconds retry_every{1000};  // while the store fails
};
static_assert(2 * CommitterSettings{}.group_bytes <= CommitterSettings{}.queue_bytes &&
                  2 * CommitterSettings{}.group_blobs <= CommitterSettings{}.queue_blobs,
              "the queue fills while a group is committed");
static_assert(limits::kInlineBlobBytes <= CommitterSettings{}.group_bytes);

class Committer final : public BlobSink {
 public:
  Committer(store::BlobStore& store, store::KeyValueStore& index, observe::Counters& counters,
            observe::EventSink& events, CommitterSettings settings = {});
  ~Committer() override;

  void listen(DurableListener& listener);  // before start(); it must outlive stop()
  void start();
  // Commits what is queued, once, and ends the thread. What the store does not take then has to
  // arrive again, or is found complete in staging.
  void stop();
  // What the thread does, for those who do without it: makes one attempt at the group in hand, or
  // at what is queued. kStalled: the store takes nothing; call again after retry_every. One thread
  // at a time.
  Step step();

  // Without a thread accept() must not be called while status() shows neither room in the queue nor
  // a stall.
  bool accept(VerifiedBlob&& blob, store::Batch along) override;
  CommitStatus status() const;

 private:
  struct Item {
    store::NewBlob blob;
    store::Batch along;
    std::size_t bytes = 0;  // held in memory
  };

  // As the store takes it, so that no attempt copies a blob's bytes.
  struct Group {
    std::vector<store::NewBlob> blobs;
    std::vector<store::Batch> along;  // of each

    void add(store::NewBlob blob, store::Batch batch);
  };

  void run();
  void take_group();
  Result<void> commit(const Group& group);
  void split(Group group);
  void give_up(const Group& alone, const Error& error);
  void stall(const Error& error);
  bool wait_to_retry();
  void clear_trouble();
  void report(const Group& group);

  store::BlobStore& store_;
  store::KeyValueStore& index_;
  observe::Counters& counters_;
  observe::EventSink& events_;
  const CommitterSettings settings_;
  std::vector<DurableListener*> listeners_;

  mutable std::mutex mutex_;
  std::condition_variable work_;  // something was queued, or stop
  std::condition_variable room_;  // something was taken, stalled, or stop
  std::deque<Item> queue_;
  std::size_t queued_bytes_ = 0;
  bool stopping_ = false;
  std::string trouble_;  // why the store takes nothing; empty while it does

  std::deque<Group> in_hand_;  // the caller's of step(): one, or the parts of one that was refused
  std::thread thread_;
};

}  // namespace sluice::high
