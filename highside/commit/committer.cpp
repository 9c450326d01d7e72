#include "highside/commit/committer.h"

#include <utility>

#include "highside/pipeline/retry.h"
#include "highside/pipeline/stage_timer.h"

namespace sluice::high {
using observe::Metric;

Committer::Committer(store::BlobStore& store, store::KeyValueStore& index,
                     observe::Counters& counters, observe::EventSink& events,
                     CommitterSettings settings)
    : store_(store), index_(index), counters_(counters), events_(events), settings_(settings) {}

Committer::~Committer() { stop(); }

void Committer::listen(DurableListener& listener) { listeners_.push_back(&listener); }

void Committer::start() {
  SLUICE_ASSERT(!thread_.joinable());
  thread_ = std::thread([this] { run(); });
}

void Committer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  room_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Committer::Group::add(store::NewBlob blob, store::Batch batch) {
  blobs.push_back(std::move(blob));
  along.push_back(std::move(batch));
}

bool Committer::accept(VerifiedBlob&& blob, store::Batch along) {
  const auto* const inline_bytes = std::get_if<Bytes>(&blob.blob().content);
  const std::size_t bytes = inline_bytes != nullptr ? inline_bytes->size() : 0;
  std::unique_lock lock(mutex_);
  const auto has_room = [&] {
    return queue_.size() < settings_.queue_blobs &&
           (queue_.empty() || queued_bytes_ + bytes <= settings_.queue_bytes);
  };
  room_.wait(lock, [&] { return stopping_ || has_room() || !trouble_.empty(); });
  if (stopping_ || !has_room()) {
    return false;
  }
  queued_bytes_ += bytes;
  queue_.push_back({std::move(blob).release(), std::move(along), bytes});
  work_.notify_one();
  return true;
}

CommitStatus Committer::status() const {
  const std::lock_guard lock(mutex_);
  return {queue_.size(), queued_bytes_, !trouble_.empty(), trouble_};
}

void Committer::run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      work_.wait(lock, [&] { return stopping_ || !queue_.empty() || !in_hand_.empty(); });
    }
    switch (step()) {
      case Step::kIdle:
        return;  // stopping, and nothing is left
      case Step::kWorked:
        break;
      case Step::kStalled:
        if (!wait_to_retry()) {
          in_hand_.pop_front();  // it has been tried once more
        }
        break;
    }
  }
}

Step Committer::step() {
  if (in_hand_.empty()) {
    take_group();
  }
  if (in_hand_.empty()) {
    return Step::kIdle;
  }
  const Result<void> done = commit(in_hand_.front());
  if (!done && worth_retrying(done.error())) {
    stall(done.error());
    return Step::kStalled;
  }
  Group group = std::move(in_hand_.front());
  in_hand_.pop_front();
  if (done) {
    clear_trouble();
    report(group);
  } else if (group.blobs.size() == 1) {
    give_up(group, done.error());
  } else {
    split(std::move(group));
  }
  return Step::kWorked;
}

void Committer::take_group() {
  const std::lock_guard lock(mutex_);
  Group group;
  std::size_t bytes = 0;
  while (!queue_.empty() && group.blobs.size() < settings_.group_blobs &&
         (group.blobs.empty() || bytes + queue_.front().bytes <= settings_.group_bytes)) {
    Item& item = queue_.front();
    bytes += item.bytes;
    group.add(std::move(item.blob), std::move(item.along));
    queue_.pop_front();
  }
  if (!group.blobs.empty()) {
    in_hand_.push_back(std::move(group));
  }
  queued_bytes_ -= bytes;
  room_.notify_all();
}

Result<void> Committer::commit(const Group& group) {
  const StageTimer timer(counters_, Metric::kCommitNanos);
  store::Batch along;
  for (const store::Batch& batch : group.along) {
    along.append(batch);
  }
  return store_.commit(group.blobs, along);
}

// One of them is at fault: the others must not suffer for it.
void Committer::split(Group group) {
  for (std::size_t i = 0; i < group.blobs.size(); ++i) {
    in_hand_.emplace_back().add(std::move(group.blobs[i]), std::move(group.along[i]));
  }
}

void Committer::give_up(const Group& alone, const Error& error) {
  const Sha256Digest& blob = alone.blobs.front().info.digest;
  events_.failure(observe::Level::kError, "blob.given-up", error, {{"blob", blob.hex()}});
  // It must start afresh when it arrives again, so what it carried along is written without it. A
  // failure is seen at the next start: its file and its progress disagree.
  static_cast<void>(index_.write(alone.along.front(), store::Durability::kUnsynced));
  for (DurableListener* const listener : listeners_) {
    listener->given_up(blob);
  }
}

void Committer::stall(const Error& error) {
  if (error.code == ErrorCode::kExhausted) {
    counters_.add(Metric::kStoreDiskFull);
  } else if (error.code == ErrorCode::kIo) {
    counters_.add(Metric::kStoreDiskFailed);
  }
  const std::lock_guard lock(mutex_);
  if (trouble_.empty()) {
    events_.failure(observe::Level::kError, "store.stalled", error);
  }
  trouble_ = error.message();
  room_.notify_all();
}

// False: stopping.
bool Committer::wait_to_retry() {
  std::unique_lock lock(mutex_);
  return !work_.wait_for(lock, settings_.retry_every, [&] { return stopping_; });
}

void Committer::clear_trouble() {
  const std::lock_guard lock(mutex_);
  if (!trouble_.empty()) {
    trouble_.clear();
    events_.emit(observe::Level::kNotice, "store.recovered", {});
  }
}

void Committer::report(const Group& group) {
  std::vector<Sha256Digest> digests;
  std::uint64_t bytes = 0;
  for (const store::NewBlob& blob : group.blobs) {
    digests.push_back(blob.info.digest);
    bytes += blob.info.size;
  }
  counters_.add(Metric::kCommittedBlobs, digests.size());
  counters_.add(Metric::kCommittedBytes, bytes);
  for (DurableListener* const listener : listeners_) {
    listener->durable(digests);
  }
}

}  // namespace sluice::high
