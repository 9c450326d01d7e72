#include "highside/assemble/staging.h"

#include <algorithm>

#include "common/base/text.h"
#include "highside/pipeline/retry.h"

namespace sluice::high {

using observe::Metric;

Staging::Staging(StagingSettings settings, FileSystem& files, ProgressStore& progress,
                 Keeper& keeper, const ExpectedAliases& aliases, const Clock& clock,
                 observe::Counters& counters, observe::EventSink& events)
    : settings_(std::move(settings)),
      files_(files),
      progress_(progress),
      keeper_(keeper),
      aliases_(aliases),
      clock_(clock),
      counters_(counters),
      events_(events),
      unwritten_(settings_.unwritten_bytes) {}

Result<void> Staging::recover(const std::function<bool(const Sha256Digest&)>& held) {
  std::vector<Sha256Digest> stored;
  std::vector<Progress> whole;
  SLUICE_TRY_VOID(progress_.recover([&](const Progress& found) {
    if (held(found.digest)) {
      stored.push_back(found.digest);
      return;
    }
    const std::lock_guard lock(mutex_);
    Blob& blob = blobs_[found.digest];
    blob.size = found.size;
    blob.held = found.received.total();
    blob.touched = found.touched;
    blob.saved = true;
    blob.finishing = blob.held == blob.size;
    held_ += blob.held;
    reserved_ += blob.size;
    if (blob.finishing) {
      whole.push_back(found);
    }
  }));
  for (const Sha256Digest& digest : stored) {
    SLUICE_TRY_VOID(progress_.drop(digest));
  }
  for (Progress& progress : whole) {
    keeper_.finish({std::move(progress), nullptr, true});
  }
  return {};
}

Staging::Taken Staging::take(const Sha256Digest& digest, std::uint64_t size, std::uint64_t offset,
                             ByteView bytes) {
  const auto known = blobs_.find(digest);
  if (known != blobs_.end() && known->second.finishing) {
    return Taken::kNotNeeded;
  }
  const auto found = known != blobs_.end() && known->second.size == size
                         ? Result<Blob*>(&known->second)
                         : admit(digest, size);
  if (!found) {
    return refuse(limit_, found.error());
  }
  Blob& blob = **found;
  if (const auto opened = open(digest, blob); !opened) {
    if (blob.held == 0 || !worth_retrying(opened.error())) {
      forget(digest, true);
    }
    return refuse(disk_, opened.error());
  }
  recent_.splice(recent_.begin(), recent_, blob.recent);
  const std::uint64_t before = blob.file->received().total();
  const Result<void> written = write(*blob.file, offset, bytes);
  const std::uint64_t fresh = blob.file->received().total() - before;
  const bool save = note_arrival(blob, fresh);
  if (!written) {
    if (blob.held == 0) {
      forget(digest, true);
    }
    return refuse(disk_, written.error());
  }
  works(disk_);
  if (blob.file->complete()) {
    complete(digest, blob);
  } else if (save) {
    start_save(digest, blob);
  }
  return fresh > 0 ? Taken::kTaken : Taken::kNotNeeded;
}

Result<void> Staging::write(PartFile& file, std::uint64_t offset, ByteView bytes) {
  SLUICE_TRY(const std::uint64_t fresh, file.write(offset, bytes));
  return fresh == 0 ? Result<void>() : unwritten_.add(file.file(), {offset, offset + bytes.size()});
}

// True when it is time to save.
bool Staging::note_arrival(Blob& blob, std::uint64_t fresh) {
  const std::lock_guard lock(mutex_);
  if (blob.unsaved == 0) {
    blob.unsaved_since = clock_.steady_now();
  }
  blob.held += fresh;
  held_ += fresh;
  blob.unsaved += fresh;
  blob.touched = clock_.utc_now();
  return blob.unsaved >= settings_.save_every_bytes && !blob.saving;
}

Result<Staging::Blob*> Staging::admit(const Sha256Digest& digest, std::uint64_t size) {
  if (const auto other = blobs_.find(digest); other != blobs_.end()) {
    // Two sizes are claimed for one digest: the later claim is tried, so that a false one cannot
    // keep the blob out for good.
    if (other->second.saving) {
      return Error{ErrorCode::kRefused, "blob " + digest.hex(), "two sizes are claimed for it", ""};
    }
    forget(digest, true);
  }
  while (blobs_.size() >= settings_.blobs || size > settings_.limit_bytes ||
         reserved_ > settings_.limit_bytes - size) {
    if (size > settings_.limit_bytes || !discard_stale()) {
      return Error{ErrorCode::kRefused, "blob " + digest.hex(),
                   "its " + human_size(size) + " do not fit into staging: " +
                       std::to_string(blobs_.size()) + " blobs of " + human_size(reserved_) +
                       " are being put together, the limit is " + human_size(settings_.limit_bytes),
                   "send again what is missing, or raise the staging limit"};
    }
  }
  const std::lock_guard lock(mutex_);
  Blob& blob = blobs_[digest];
  blob.size = size;
  blob.touched = clock_.utc_now();
  reserved_ += size;
  return &blob;
}

// One of which nothing has come for long: what it has can be sent again.
bool Staging::discard_stale() {
  const SteadyTime now = clock_.steady_now();
  if (now < next_search_) {
    return false;
  }
  const auto oldest =
      std::min_element(blobs_.begin(), blobs_.end(), [](const auto& a, const auto& b) {
        const auto rank = [](const Blob& blob) {
          return std::pair(blob.finishing || blob.saving, blob.touched);
        };
        return rank(a.second) < rank(b.second);
      });
  if (oldest == blobs_.end() || oldest->second.finishing || oldest->second.saving ||
      // Either way: one that was touched in the future was, before the clock was set back.
      std::chrono::abs(clock_.utc_now() - oldest->second.touched) < settings_.stale_after) {
    next_search_ = now + std::chrono::seconds(1);
    return false;
  }
  events_.emit(observe::Level::kWarning, "staging.discarded",
               {{"blob", oldest->first.hex()},
                {"held", std::to_string(oldest->second.held)},
                {"size", std::to_string(oldest->second.size)}});
  forget(Sha256Digest(oldest->first), true);
  return true;
}

Result<void> Staging::open(const Sha256Digest& digest, Blob& blob) {
  if (blob.file != nullptr) {
    return {};
  }
  SLUICE_TRY_VOID(make_room_for_a_file());
  RangeSet received;
  if (blob.held > 0) {
    SLUICE_TRY(Progress progress, progress_.load(digest));
    received = std::move(progress.received);
  }
  SLUICE_TRY(blob.file, PartFile::open(files_, progress_.path(digest), blob.size,
                                       std::move(received), aliases_.of(digest)));
  recent_.push_front(digest);
  blob.recent = recent_.begin();
  return {};
}

// Closes the one that was used longest ago, its progress saved.
Result<void> Staging::make_room_for_a_file() {
  if (recent_.size() + keeper_.waiting_files() < settings_.open_files) {
    return {};
  }
  for (auto digest = recent_.rbegin(); digest != recent_.rend(); ++digest) {
    Blob& blob = blobs_.at(*digest);
    {
      const std::lock_guard lock(mutex_);
      if (blob.saving) {
        continue;
      }
    }
    if (blob.unsaved > 0) {
      SLUICE_TRY_VOID(progress_.save(progress_of(*digest, blob)));
      const std::lock_guard lock(mutex_);
      blob.unsaved = 0;
      blob.saved = true;
    }
    close(blob);
    return {};
  }
  return Error{ErrorCode::kRefused, settings_.folder.string(),
               "more than " + std::to_string(settings_.open_files) + " files are open", ""};
}

void Staging::close(Blob& blob) {
  recent_.erase(blob.recent);
  blob.file.reset();
}

Progress Staging::progress_of(const Sha256Digest& digest, const Blob& blob) const {
  return {digest, blob.size, blob.file->received(), blob.touched};
}

void Staging::start_save(const Sha256Digest& digest, Blob& blob) {
  std::uint64_t bytes = 0;
  {
    const std::lock_guard lock(mutex_);
    blob.saving = true;
    bytes = blob.unsaved;
  }
  keeper_.save(progress_of(digest, blob), bytes);
}

void Staging::saved(const Sha256Digest& digest, std::uint64_t bytes, const Result<void>& done) {
  const std::lock_guard lock(mutex_);
  const auto blob = blobs_.find(digest);
  if (blob == blobs_.end()) {
    return;
  }
  blob->second.saving = false;
  if (done) {
    blob->second.saved = true;
    blob->second.unsaved -= std::min(bytes, blob->second.unsaved);
  }
  blob->second.unsaved_since = clock_.steady_now();
}

void Staging::complete(const Sha256Digest& digest, Blob& blob) {
  CompleteBlob whole{progress_of(digest, blob), std::move(blob.file), false};
  recent_.erase(blob.recent);
  {
    const std::lock_guard lock(mutex_);
    blob.finishing = true;
    whole.saved = blob.saved;
  }
  keeper_.finish(std::move(whole));
}

void Staging::save_due() { save_older_than(settings_.save_every); }

void Staging::save_all() { save_older_than({}); }

void Staging::save_older_than(std::chrono::seconds age) {
  const SteadyTime now = clock_.steady_now();
  for (const Sha256Digest& digest : recent_) {
    Blob& blob = blobs_.at(digest);
    bool due = false;
    {
      const std::lock_guard lock(mutex_);
      due = blob.unsaved > 0 && !blob.saving && now - blob.unsaved_since >= age;
    }
    if (due) {
      start_save(digest, blob);
    }
  }
}

void Staging::forget(const Sha256Digest& digest, bool drop) {
  const auto found = blobs_.find(digest);
  if (found == blobs_.end()) {
    return;
  }
  if (found->second.file != nullptr) {
    close(found->second);
  }
  {
    const std::lock_guard lock(mutex_);
    held_ -= found->second.held;
    reserved_ -= found->second.size;
    blobs_.erase(found);
  }
  // A file that was committed has been moved; a small blob's bytes went without it.
  const Result<void> gone = drop ? progress_.drop(digest) : files_.remove(progress_.path(digest));
  if (!gone) {
    events_.failure(observe::Level::kWarning, "staging.disk", gone.error());
  }
  // Well below the limits, so that it is not told at every blob.
  if (reserved_ <= settings_.limit_bytes / 10 * 9 && blobs_.size() <= settings_.blobs / 10 * 9) {
    works(limit_);
  }
}

std::uint64_t Staging::bytes_held(const Sha256Digest& digest) const {
  const std::lock_guard lock(mutex_);
  const auto blob = blobs_.find(digest);
  return blob == blobs_.end() ? 0 : blob->second.held;
}

void Staging::add_to(AssemblyStatus& status) const {
  const std::lock_guard lock(mutex_);
  status.blobs += blobs_.size();
  status.held_bytes += held_;
  status.reserved_bytes += reserved_;
  status.finishing += static_cast<std::uint64_t>(
      std::ranges::count_if(blobs_, [](const auto& entry) { return entry.second.finishing; }));
  status.refusing = limit_.active || disk_.active;
}

Staging::Taken Staging::refuse(Trouble& trouble, const Error& error) {
  if (error.code == ErrorCode::kExhausted) {
    counters_.add(Metric::kStagingDiskFull);
  } else if (error.code == ErrorCode::kIo) {
    counters_.add(Metric::kStagingDiskFailed);
  }
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = !std::exchange(trouble.active, true);
  }
  if (first) {
    events_.failure(observe::Level::kError, trouble.name, error);
  }
  return Taken::kRefused;
}

void Staging::works(Trouble& trouble) {
  if (!trouble.active) {  // changed by this thread only
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    trouble.active = false;
  }
  events_.emit(observe::Level::kNotice, "staging.recovered", {{"from", std::string(trouble.name)}});
}

}  // namespace sluice::high
