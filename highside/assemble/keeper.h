// The slow work of assembly on a thread of its own: syncing and saving progress, hashing what came
// out of order, handing whole blobs on. The assembler's thread never waits for a sync.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <variant>

#include "common/observe/counters.h"
#include "highside/assemble/part_file.h"
#include "highside/assemble/progress.h"
#include "highside/pipeline/flow.h"
#include "highside/pipeline/step.h"

namespace sluice::high {

// A blob all of whose bytes have arrived.
struct CompleteBlob {
  Progress progress;
  std::unique_ptr<PartFile> file;  // none: opened again when its turn comes (after a restart)
  bool saved = false;              // its progress is on disk
  std::optional<VerifiedBlob> verified{};  // it has been hashed: what is left is to hand it on
};

// Jobs are done in the order in which they were given: a blob's saves before its end.
class Keeper {
 public:
  // How many whole blobs wait here before finish() waits: each holds a descriptor.
  static constexpr std::size_t kMaxWaiting = 128;

  struct Hooks {
    // The progress was saved, or not. `bytes` is what save() was given.
    std::function<void(const Sha256Digest& digest, std::uint64_t bytes, const Result<void>& saved)>
        saved;
    // Hashes and hands on. kStalled: the store takes nothing, it is called again with the same
    // blob. kIdle when `stop` was asked for: the blob is saved and found again at the next start.
    // Every other end is the hook's to deal with. Called without a lock held.
    std::function<Step(CompleteBlob& blob, const std::stop_token& stop)> finish;
  };
  // How often a blob that the store did not take is offered again.
  static constexpr std::chrono::seconds kRetryEvery{1};

  Keeper(ProgressStore& progress, observe::Counters& counters, Hooks hooks)
      : progress_(progress), counters_(counters), hooks_(std::move(hooks)) {}
  ~Keeper() { stop(); }

  void start();
  // Saves what is queued, whole blobs included, and ends the thread.
  void stop();
  // What the thread does, for those who do without it: one job. One thread at a time.
  Step step(const std::stop_token& stop = {});

  void save(Progress progress, std::uint64_t bytes);
  // Waits while waiting_files() is kMaxWaiting and the store takes them: without a thread it must
  // not be called then. While the store takes nothing it does not wait, so that assembly goes on up
  // to its limits.
  void finish(CompleteBlob blob);
  std::size_t waiting_files() const;

 private:
  struct Save {
    Progress progress;
    std::uint64_t bytes;
  };
  using Job = std::variant<Save, CompleteBlob>;

  void run(const std::stop_token& stop);
  bool take_job();
  Step perform(Save& job, const std::stop_token& stop);
  Step perform(CompleteBlob& job, const std::stop_token& stop);
  void set_stalled(bool stalled);

  ProgressStore& progress_;
  observe::Counters& counters_;
  const Hooks hooks_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Job> jobs_;
  std::size_t waiting_files_ = 0;
  bool stalled_ = false;
  bool stopping_ = false;
  std::optional<Job> in_hand_;  // the caller's of step()
  std::jthread thread_;
};

}  // namespace sluice::high
