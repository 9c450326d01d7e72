// The blobs that are being put together: their part files, their progress, and the limits on both.
//
// A blob is admitted with its whole size against the staging limit, so that whatever was admitted
// can be completed. What does not fit is refused and comes with a later pass; a blob of which
// nothing has arrived for `stale_after` gives way to a new one.
#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "common/base/clock.h"
#include "common/observe/counters.h"
#include "common/observe/events.h"
#include "highside/assemble/expected_aliases.h"
#include "highside/assemble/keeper.h"
#include "highside/assemble/part_file.h"
#include "highside/assemble/progress.h"
#include "highside/assemble/unwritten.h"
#include "highside/pipeline/status.h"

namespace sluice::high {

struct StagingSettings {
  // On the blob store's file system, because whole files are moved into it. Nothing else lives
  // here.
  std::filesystem::path folder;
  std::uint64_t limit_bytes = std::uint64_t{64} << 30;  // sum of the sizes of blobs in assembly
  std::size_t open_files = 512;  // blobs arrive one after another; more are open only after losses
  std::size_t blobs = 65'536;    // begun ones: about 120 bytes of memory each
  std::uint64_t save_every_bytes = std::uint64_t{64} << 20;  // of a blob; a crash re-reads as much
  std::chrono::seconds save_every{5};
  // Written and perhaps not on the disk yet: 0.1 s of a link of 5 Gb/s, so that the disk never runs
  // dry, and what a sync at the end of a blob waits for at the most.
  std::uint64_t unwritten_bytes = std::uint64_t{64} << 20;
  std::chrono::seconds stale_after{3600};  // longer than the pause between two passes
};

// The assembler's thread only, where nothing else is said.
class Staging {
 public:
  Staging(StagingSettings settings, FileSystem& files, ProgressStore& progress, Keeper& keeper,
          const ExpectedAliases& aliases, const Clock& clock, observe::Counters& counters,
          observe::EventSink& events);

  // Takes up what a former run left. `held`: the store has the blob already.
  Result<void> recover(const std::function<bool(const Sha256Digest&)>& held);

  bool knows(const Sha256Digest& blob) const { return blobs_.contains(blob); }
  enum class Taken { kTaken, kNotNeeded, kRefused };
  Taken take(const Sha256Digest& blob, std::uint64_t size, std::uint64_t offset, ByteView bytes);
  // Gives progress that has waited long enough to the keeper.
  void save_due();
  void save_all();
  // The blob is durable, or was bad (`drop`: its progress goes too): its place is free again.
  void forget(const Sha256Digest& blob, bool drop);

  void saved(const Sha256Digest& blob, std::uint64_t bytes,
             const Result<void>& done);                      // any thread
  std::uint64_t bytes_held(const Sha256Digest& blob) const;  // any thread
  void add_to(AssemblyStatus& status) const;                 // any thread

 private:
  struct Blob {
    std::uint64_t size = 0;
    std::uint64_t held = 0;
    UtcTime touched;
    std::unique_ptr<PartFile> file;  // none: at rest, or whole and on its way to the store
    bool finishing = false;
    bool saving = false;        // a save is with the keeper
    bool saved = false;         // some progress is on disk
    std::uint64_t unsaved = 0;  // bytes since the last save
    SteadyTime unsaved_since;
    std::list<Sha256Digest>::iterator recent;  // while `file` is there
  };
  // Something is refused until it works again: told once at either end.
  struct Trouble {
    std::string_view name;
    bool active = false;
  };

  Result<Blob*> admit(const Sha256Digest& digest, std::uint64_t size);
  Result<void> write(PartFile& file, std::uint64_t offset, ByteView bytes);
  bool note_arrival(Blob& blob, std::uint64_t fresh);
  Result<void> open(const Sha256Digest& digest, Blob& blob);
  Result<void> make_room_for_a_file();
  bool discard_stale();
  void close(Blob& blob);
  void save_older_than(std::chrono::seconds age);
  void start_save(const Sha256Digest& digest, Blob& blob);
  void complete(const Sha256Digest& digest, Blob& blob);
  Progress progress_of(const Sha256Digest& digest, const Blob& blob) const;
  Taken refuse(Trouble& trouble, const Error& error);
  void works(Trouble& trouble);

  const StagingSettings settings_;
  FileSystem& files_;
  ProgressStore& progress_;
  Keeper& keeper_;
  const ExpectedAliases& aliases_;
  const Clock& clock_;
  observe::Counters& counters_;
  observe::EventSink& events_;

  mutable std::mutex mutex_;  // changes of what other threads see
  std::unordered_map<Sha256Digest, Blob> blobs_;
  std::list<Sha256Digest> recent_;  // open ones, the latest first
  Unwritten unwritten_;
  std::uint64_t held_ = 0;
  std::uint64_t reserved_ = 0;
  SteadyTime next_search_;  // for stale ones: at most once a second, because it looks at all
  Trouble limit_{"staging.limit"};
  Trouble disk_{"staging.disk"};
};

}  // namespace sluice::high
