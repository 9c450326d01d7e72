// One lane's blocks that are being put together, and the account of those that never will be.
//
// Every block number of a session becomes whole or lost, once each, with one exception: those that
// may have begun before this side joined the session are left unsaid.
//
//        settled          window: at most `window` numbers
//   ────────────────┬──────────────────────────────┬──────────
//    whole or lost  │ whole, collecting, not begun │ not begun
//                 floor_                         floor_ + window
#pragma once

#include <optional>
#include <vector>

#include "common/base/clock.h"
#include "common/base/strong.h"
#include "common/fec/block_code.h"
#include "common/wire/datagram.h"
#include "highside/receive/decoder_pool.h"

namespace sluice::high {

// One thread. `pool` must outlive it.
class BlockWindow {
 public:
  // `from_the_start`: the session was heard from its first block on, so that every loss is told.
  BlockWindow(std::size_t window, std::chrono::milliseconds grace, bool from_the_start,
              DecoderPool& pool);
  ~BlockWindow();
  BlockWindow(const BlockWindow&) = delete;
  BlockWindow& operator=(const BlockWindow&) = delete;

  enum class Took {
    kCollected,
    kWhole,     // this symbol completed its block: take_whole() has it
    kSurplus,   // the block is whole already, or has this symbol or enough of its kind
    kLate,      // the block was lost, or is so old that nothing is known of it any more
    kNoMemory,  // the block was given up for a newer one, or has no room itself
    kMismatch,  // another geometry than the block's first symbol
  };
  // Where the symbol's payload may be written before it is add()ed, so that it is not copied: the
  // header need not be authentic, because what stands there means nothing until then. Empty: it has
  // to come from elsewhere.
  MutableByteView place(const wire::SymbolHeader& header);
  // An authentic symbol.
  Took add(const wire::SymbolHeader& header, ByteView payload, SteadyTime now);

  struct Whole {
    BlockNumber number;
    Bytes bytes;
    std::uint32_t recovered = 0;  // symbols that were lost and brought back
  };
  // Once after kWhole, before anything else: brings back what was lost of it.
  Whole take_whole();

  // An authentic heartbeat: all blocks below `next` were sent.
  void sent_below(BlockNumber next, SteadyTime now);
  // Gives up what a heartbeat called sent when the grace has passed.
  void tick(SteadyTime now);
  // Nothing more comes: gives up everything that has begun or was called sent.
  void give_up();

  // Numbers [first, first + count).
  struct Range {
    BlockNumber first;
    std::uint64_t count = 0;
  };
  // What was lost since the last call, in order, adjacent ones merged.
  std::vector<Range> take_lost();

  BlockNumber floor() const { return BlockNumber(floor_); }
  std::size_t collecting() const { return collecting_; }

 private:
  enum class State { kNothing, kCollecting, kWhole, kLost };
  struct Slot {
    std::uint64_t number = 0;
    State state = State::kNothing;
    bool no_memory = false;  // lost for want of it
    fec::Geometry geometry;
    std::unique_ptr<fec::Decoder> decoder;  // while collecting
  };
  struct Sent {
    std::uint64_t below;
    SteadyTime deadline;
  };

  Slot& slot(std::uint64_t number) { return slots_[number % slots_.size()]; }
  State state_of(std::uint64_t number);
  void join(std::uint64_t floor, std::uint64_t report_from);
  bool begin(std::uint64_t number, const fec::Geometry& geometry);
  bool give_up_one_before(std::uint64_t number);
  void settle_below(std::uint64_t limit);
  void lose(std::uint64_t first, std::uint64_t count);
  void release(Slot& slot);

  const std::size_t window_;
  const std::chrono::milliseconds grace_;
  DecoderPool& pool_;
  std::vector<Slot> slots_;  // twice the window: the recent past is still known
  bool joined_;
  std::uint64_t floor_ = 0;
  std::uint64_t end_ = 0;          // above every number that has begun or was called sent
  std::uint64_t report_from_ = 0;  // below it, what is lost is left unsaid
  std::size_t collecting_ = 0;
  std::optional<Sent> sent_;
  std::optional<std::uint64_t> whole_;  // completed, not taken yet
  std::vector<Range> lost_;
};

}  // namespace sluice::high
