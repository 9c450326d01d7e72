// Puts blobs together from the parts that blocks carry, and tells the publisher about shipments.
//
//   receive ─block(), lost(), heartbeat()─> queue (bytes) ──> assembler thread
//                                                              │ small whole blobs ─────────────┐
//                                                              │ parts ─> part files             v
//                                                              └─ saves, whole files ─> keeper ─>
//                                                              BlobSink
//                                                                                       thread
//   committer ─durable(), given_up()─> done list (bounded by what is in commit) ──> assembler
//   thread
//
// Whatever is refused or bad here stays missing in the ledger, and a later pass brings it.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <variant>

#include "common/base/limits.h"
#include "common/base/processors.h"
#include "common/observe/counters.h"
#include "common/observe/events.h"
#include "highside/assemble/expected_aliases.h"
#include "highside/assemble/keeper.h"
#include "highside/assemble/staging.h"
#include "highside/pipeline/flow.h"
#include "highside/pipeline/stages.h"
#include "highside/pipeline/status.h"

namespace sluice::high {

struct AssemblerSettings {
  std::map<std::string, crypto::VerifyKey, std::less<>> streams;  // who signs each stream
  StagingSettings staging;
  Processors processors{};  // its thread runs on the first
  // Blocks that wait: a sync of the disk that stops everything for 0.2 s at 5 Gb/s is 125 MB.
  std::size_t queue_bytes = std::size_t{128} << 20;
};
static_assert(2 * limits::kMaxBlockBytes <= (std::size_t{128} << 20),
              "two of the largest blocks must fit the queue");

class Assembler final : public BlockConsumer, public DurableListener, public ManifestReader {
 public:
  // All of them must outlive it. `notices` and `blobs` are called until stop() returns.
  Assembler(AssemblerSettings settings, store::BlobStore& store, store::KeyValueStore& index,
            FileSystem& files, const Clock& clock, BlobSink& blobs, NoticeSink& notices,
            observe::Counters& counters, observe::EventSink& events);
  ~Assembler() override;

  // Takes up what a former run left in staging. start() does so too; then the threads.
  Result<void> open();
  Result<void> start();
  // Works off the queue, saves progress, ends the threads. Blocks that come later are dropped.
  void stop();
  // What the two threads do, for those who do without them; each by one thread at a time. step()
  // takes one item of the queue and is to be called at least once a second. save_all() gives all
  // progress to the keeper, as stop() does. Without threads block(), lost() and heartbeat() must
  // not be called while status() shows a queue that is full, and step() neither while the sink
  // would wait for a block's blobs.
  bool step();
  Step step_keeper() { return keeper_.step(); }
  void save_all() { staging_.save_all(); }

  void block(RecoveredBlock block) override;
  Bytes spare_block() override;
  void lost(const LostBlocks& lost) override;
  void heartbeat(const std::string& stream, const wire::Heartbeat& heartbeat,
                 UtcTime arrived) override;

  void durable(const std::vector<Sha256Digest>& blobs) override;
  void given_up(const Sha256Digest& blob) override;

  Result<VerifiedShipment> read(const std::string& stream, ShipmentSequence sequence,
                                const Sha256Digest& manifest) override;
  void expect(const proto::Blob& blob) override;
  std::uint64_t bytes_held(const Sha256Digest& blob) const override;

  AssemblyStatus status() const;

 private:
  struct HeartbeatItem {
    std::string stream;
    wire::Heartbeat heartbeat;
    UtcTime arrived;
  };
  using Item = std::variant<RecoveredBlock, LostBlocks, HeartbeatItem>;
  struct Done {
    Sha256Digest blob;
    bool drop = false;  // its bytes were bad: file and progress go
  };

  void enqueue(Item item);
  void keep_memory(Item item);  // locked
  void run();
  void settle(const std::vector<Done>& done);
  void process(const RecoveredBlock& block);
  void process(const LostBlocks& lost);
  void process(const HeartbeatItem& item);
  void take_notice(const std::string& stream, const wire::ShipmentNotice& notice);
  Staging::Taken take_part(const wire::BlobPart& part);
  Staging::Taken take_small(const wire::BlobPart& part, ByteView bytes);
  void look_into_manifest(const Sha256Digest& digest, ByteView bytes);
  void bad_blob(const Sha256Digest& digest, const Error& error);

  Step finish(CompleteBlob& blob, const std::stop_token& stop);  // keeper's thread
  Result<store::NewBlob> hash(CompleteBlob& blob, const std::stop_token& stop);
  void report(Done done);

  const AssemblerSettings settings_;
  store::BlobStore& store_;
  FileSystem& files_;
  BlobSink& sink_;
  NoticeSink& notices_;
  observe::Counters& counters_;
  observe::EventSink& events_;
  ExpectedAliases aliases_;
  ProgressStore progress_;
  Keeper keeper_;
  Staging staging_;

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable room_;
  std::deque<Item> queue_;
  std::size_t queued_bytes_ = 0;
  std::vector<Done> done_;
  std::vector<Bytes> spare_;
  std::size_t spare_bytes_ = 0;  // with queued_bytes_ at most queue_bytes when one is added
  bool stopping_ = false;

  // The assembler thread's own.
  std::unordered_set<Sha256Digest> small_in_commit_;
  std::unordered_map<Sha256Digest, std::string> noticed_;  // manifest -> stream
  std::unordered_set<Sha256Digest> held_;                  // asked of the store during this block
  Bytes scratch_;
  std::thread thread_;
};

}  // namespace sluice::high
