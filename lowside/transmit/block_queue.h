// The bounded queue from the builder to one lane's sender, and the way back for used memory.
//
//   builder ── push ──> [kBlocksAhead] ── try_pop ──> sender
//      ^───── spare ──< spare blocks <── recycle ───────┘
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>
#include <vector>

#include "common/base/clock.h"
#include "lowside/transmit/encoded_block.h"
#include "lowside/transmit/settings.h"

namespace sluice::low {

// One builder, one sender.
class BlockQueue {
 public:
  bool full() const;
  void push(std::unique_ptr<EncodedBlock> block);  // not while it is full()
  // Null when it is empty.
  std::unique_ptr<EncodedBlock> try_pop();
  // Waits for a block, for `until` or for stop, whichever comes first.
  void wait(SteadyTime until, const std::stop_token& stop);
  // Waits for `until` or for stop.
  void sleep(SteadyTime until, const std::stop_token& stop);

  // A block whose memory may be used again; null if there is none.
  std::unique_ptr<EncodedBlock> spare();
  void recycle(std::unique_ptr<EncodedBlock> block);

  std::size_t depth() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::unique_ptr<EncodedBlock>> blocks_;
  std::vector<std::unique_ptr<EncodedBlock>> spare_;  // never more than were in use at once
};

}  // namespace sluice::low
