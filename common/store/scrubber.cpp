#include "common/store/scrubber.h"

#include <algorithm>
#include <utility>

namespace sluice::store {
namespace {

// Of one walk over the index, which keeps a view of it open meanwhile.
constexpr std::size_t kPieceBlobs = 1000;
// A scrub that was held up does not make up for it faster than this.
constexpr std::chrono::seconds kMaxBehind{1};

Sha256Digest after(const Sha256Digest& digest) {
  Bytes bytes(digest.bytes().begin(), digest.bytes().end());
  for (auto byte = bytes.rbegin(); byte != bytes.rend() && ++*byte == 0; ++byte) {
  }
  return *Sha256Digest::from_bytes(bytes);  // after the last it is the first, which is never held
}

}  // namespace

Scrubber::Scrubber(const BlobStore& blobs, const Clock& clock, ScrubSettings settings, Hooks hooks)
    : blobs_(blobs), clock_(clock), settings_(settings), hooks_(std::move(hooks)) {
  SLUICE_ASSERT(settings_.bytes_per_second > 0);
}

bool Scrubber::start() {
  const std::lock_guard lock(mutex_);
  if (progress_.running) {
    return false;
  }
  const BlobStore::Usage usage = blobs_.usage();
  progress_ = {};
  progress_.running = true;
  progress_.all_blobs = usage.blobs;
  progress_.all_bytes = usage.bytes;
  progress_.started = clock_.utc_now();
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });  // joins the last one
  return true;
}

void Scrubber::stop() {
  std::jthread thread;
  {
    const std::lock_guard lock(mutex_);
    thread = std::move(thread_);
  }
  thread.request_stop();
  stopped_.notify_all();
}

ScrubProgress Scrubber::progress() const {
  const std::lock_guard lock(mutex_);
  return progress_;
}

void Scrubber::run(const std::stop_token& stop) {
  damaged_.clear();
  unreadable_.clear();
  next_read_ = clock_.steady_now();
  const Result<void> walked = walk(stop);
  ScrubProgress done;
  {
    const std::lock_guard lock(mutex_);
    progress_.failure = walked ? "" : walked.error().message();
    progress_.finished = clock_.utc_now();
    done = progress_;
  }
  hooks_.finished(done);
  const std::lock_guard lock(mutex_);
  progress_.running = false;
}

Result<void> Scrubber::walk(const std::stop_token& stop) {
  Sha256Digest from;
  for (;;) {
    SLUICE_TRY(const auto piece, next_piece(from));
    for (const BlobInfo& blob : piece) {
      SLUICE_TRY_VOID(check(blob, stop));
    }
    if (piece.size() < kPieceBlobs) {
      break;
    }
    from = after(piece.back().digest);
  }
  damaged_.insert(damaged_.end(), unreadable_.begin(), unreadable_.end());
  return hand_over(damaged_);
}

Result<std::vector<BlobInfo>> Scrubber::next_piece(const Sha256Digest& from) const {
  std::vector<BlobInfo> piece;
  SLUICE_TRY_VOID(blobs_.for_each(from, [&](const BlobInfo& blob) {
    piece.push_back(blob);
    return piece.size() < kPieceBlobs;
  }));
  return piece;
}

// What was cached says nothing about the disk, and what a scrub reads is not what clients will ask
// for.
Result<void> Scrubber::check(const BlobInfo& blob, const std::stop_token& stop) {
  blobs_.drop_from_cache(blob.digest);
  const Result<void> good =
      blobs_.verify(blob.digest, [&](std::size_t bytes) { return pace(bytes, stop); });
  blobs_.drop_from_cache(blob.digest);
  if (stop.stop_requested()) {
    return Error{ErrorCode::kCancelled, "scrub", "the daemon is stopping", "begin it again"};
  }
  if (!good && good.error().code == ErrorCode::kNotFound) {
    return {};  // removed meanwhile
  }
  if (!good && good.error().code != ErrorCode::kIntegrity && good.error().code != ErrorCode::kIo) {
    return good;  // no descriptors, no index: says nothing about the blob
  }
  hooks_.read(blob.size);
  {
    const std::lock_guard lock(mutex_);
    ++progress_.blobs;
    progress_.bytes += blob.size;
  }
  if (!good && good.error().code == ErrorCode::kIo) {
    unreadable_.push_back({blob.digest, blob.size, good.error().cause});
    return unreadable_.size() < settings_.unreadable_in_a_row
               ? Result<void>()
               : Error{
                     ErrorCode::kIo, "scrub",
                     std::to_string(unreadable_.size()) +
                         " blobs in a row cannot be read, the last one: " + good.error().message(),
                     "mend the disk, then begin it again; nothing was taken out because of this"};
  }
  damaged_.insert(damaged_.end(), unreadable_.begin(), unreadable_.end());
  unreadable_.clear();
  if (!good) {
    damaged_.push_back({blob.digest, blob.size, good.error().cause});
  }
  return damaged_.size() >= settings_.group ? hand_over(damaged_) : Result<void>();
}

Result<void> Scrubber::hand_over(std::vector<DamagedBlob>& blobs) {
  if (blobs.empty()) {
    return {};
  }
  SLUICE_TRY(std::vector<std::string> lines, hooks_.found(blobs));
  const std::lock_guard lock(mutex_);
  progress_.damaged += blobs.size();
  for (std::string& line : lines) {
    if (progress_.report.size() < kMaxReport) {
      progress_.report.push_back(std::move(line));
    }
  }
  blobs.clear();
  return {};
}

// Waits until the bytes that were read are within the rate. False: stopping.
bool Scrubber::pace(std::size_t bytes, const std::stop_token& stop) {
  const SteadyTime now = clock_.steady_now();
  next_read_ =
      std::max(next_read_, now - kMaxBehind) +
      std::chrono::nanoseconds(std::chrono::seconds(1)) * bytes / settings_.bytes_per_second;
  if (next_read_ > now) {
    std::unique_lock lock(mutex_);
    stopped_.wait_for(lock, stop, next_read_ - now, [] { return false; });
  }
  return !stop.stop_requested();
}

}  // namespace sluice::store
