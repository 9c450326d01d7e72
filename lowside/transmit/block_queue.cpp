#include "lowside/transmit/block_queue.h"

namespace sluice::low {

bool BlockQueue::full() const { return depth() >= kBlocksAhead; }

void BlockQueue::push(std::unique_ptr<EncodedBlock> block) {
  const std::lock_guard lock(mutex_);
  SLUICE_ASSERT(blocks_.size() < kBlocksAhead);
  blocks_.push_back(std::move(block));
  changed_.notify_all();
}

std::unique_ptr<EncodedBlock> BlockQueue::try_pop() {
  const std::lock_guard lock(mutex_);
  if (blocks_.empty()) {
    return nullptr;
  }
  auto block = std::move(blocks_.front());
  blocks_.pop_front();
  changed_.notify_all();
  return block;
}

void BlockQueue::wait(SteadyTime until, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, stop, until, [this] { return !blocks_.empty(); });
}

void BlockQueue::sleep(SteadyTime until, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, stop, until, [] { return false; });
}

std::unique_ptr<EncodedBlock> BlockQueue::spare() {
  const std::lock_guard lock(mutex_);
  if (spare_.empty()) {
    return nullptr;
  }
  auto block = std::move(spare_.back());
  spare_.pop_back();
  return block;
}

void BlockQueue::recycle(std::unique_ptr<EncodedBlock> block) {
  const std::lock_guard lock(mutex_);
  spare_.push_back(std::move(block));
}

std::size_t BlockQueue::depth() const {
  const std::lock_guard lock(mutex_);
  return blocks_.size();
}

}  // namespace sluice::low
