// Reads every stored blob again, slowly, while the store is in use.
//
//   start() ──> thread: walk the index in pieces ──> verify each blob, at a bounded rate
//                              │
//                              └── damaged ones, a few at a time ──> Found (the owner takes them
//                              out)
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/base/clock.h"
#include "common/store/blob_store.h"

namespace sluice::store {

// The index has this blob, and its bytes are wrong, gone or unreadable.
struct DamagedBlob {
  Sha256Digest digest;
  std::uint64_t size = 0;
  std::string cause;
};

struct ScrubSettings {
  std::uint64_t bytes_per_second = std::uint64_t{64} << 20;
  // Damaged blobs are handed over when there are so many, and at the end.
  std::size_t group = 64;
  // Blobs that follow one another and cannot be read for an error of the disk: then it is not a
  // place on the disk, it is the disk, and nothing is taken out because of it.
  std::size_t unreadable_in_a_row = 8;
};

struct ScrubProgress {
  bool running = false;
  std::uint64_t blobs = 0;  // read again
  std::uint64_t bytes = 0;
  std::uint64_t all_blobs = 0;  // of the store, when it was begun
  std::uint64_t all_bytes = 0;
  std::uint64_t damaged = 0;
  std::vector<std::string> report;  // a line for each of the first kMaxReport damaged ones
  std::string failure;              // why it ended early; empty if it did not
  UtcTime started;                  // the epoch: never
  UtcTime finished;                 // the epoch: not yet
};

// Callable from any thread.
class Scrubber {
 public:
  static constexpr std::size_t kMaxReport = 1000;  // lines: about 300 KB

  struct Hooks {
    // Takes them out of what is served, so that they can come again; a line for people about each.
    // On an Error the scrub ends. Called on the scrub's thread.
    std::function<Result<std::vector<std::string>>(const std::vector<DamagedBlob>&)> found;
    std::function<void(std::uint64_t bytes)> read;  // one blob has been read again
    std::function<void(const ScrubProgress&)> finished;
  };

  // `blobs` and `clock` outlive it.
  Scrubber(const BlobStore& blobs, const Clock& clock, ScrubSettings settings, Hooks hooks);
  ~Scrubber() { stop(); }
  Scrubber(const Scrubber&) = delete;
  Scrubber& operator=(const Scrubber&) = delete;

  bool start();  // false: one is under way, and goes on
  void stop();   // as soon as the piece in hand is read
  ScrubProgress progress() const;

 private:
  void run(const std::stop_token& stop);
  Result<void> walk(const std::stop_token& stop);
  Result<std::vector<BlobInfo>> next_piece(const Sha256Digest& from) const;
  Result<void> check(const BlobInfo& blob, const std::stop_token& stop);
  Result<void> hand_over(std::vector<DamagedBlob>& blobs);
  bool pace(std::size_t bytes, const std::stop_token& stop);

  const BlobStore& blobs_;
  const Clock& clock_;
  const ScrubSettings settings_;
  const Hooks hooks_;

  // The scrub's thread's own.
  std::vector<DamagedBlob> damaged_;
  std::vector<DamagedBlob> unreadable_;  // in a row
  SteadyTime next_read_;

  mutable std::mutex mutex_;
  std::condition_variable_any stopped_;
  ScrubProgress progress_;
  std::jthread thread_;
};

}  // namespace sluice::store
