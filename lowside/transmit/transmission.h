// One session of the sender, but for its threads: what is built, queued, sent and marked as sent.
//
//   Outbox ─> passes of each urgency ─> build() ─┬─ queue ─> send(0) ─> sink
//      ^        fresh, resend, repeat, carousel  └─ queue ─> send(1) ─> sink
//      └── mark_sent, when the last datagram of the pass has left
//
// Of each urgency one pass is being built at the most. Each block is of the most urgent one that
// has something to send: a pass is suspended at the end of a block when a more urgent one is due,
// and goes on when that has been built. What is suspended costs its manifest and a position. When a
// pass is built to its end the next one of its urgency is begun, while the wire still carries the
// blocks of those before: a block is on the wire for a whole spread, a small shipment is one block.
//
// While a fresh pass or a resend has blocks to build, every block of them gives repeats and the
// carousel a credit, so that these have `repeat_percent` of all that is sent.
//
// The blocks of a pass go to the lanes in turn, and each pass begins with another lane, so that no
// part of a shipment crosses by the same lane twice. A lane whose sends fail for kLaneGivenUp while
// another's do not gets none: its blocks go to the others, until a heartbeat can be sent on it
// again.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "lowside/transmit/block_queue.h"
#include "lowside/transmit/lane_sender.h"
#include "lowside/transmit/pass_builder.h"

namespace sluice::low {

// What /status shows.
struct TransmitStatus {
  std::string stream;
  Epoch epoch;
  SessionId session;
  struct Pass {
    ShipmentSequence sequence;
    std::uint32_t pass = 0;
    Urgency urgency{};
    std::uint64_t bytes_done = 0;  // of the manifest and the blobs; their blocks have left whole
    std::uint64_t bytes_total = 0;
  };
  // The oldest of each urgency that is under way or suspended, the most urgent first.
  std::vector<Pass> open;
  std::size_t under_way = 0;  // all of them
  std::uint64_t passes_sent = 0;
  std::uint64_t bits_per_second = 0;  // of UDP payload, all lanes, over the last cadence
  std::uint64_t configured_bits_per_second = 0;
  std::size_t queued_blocks = 0;
  std::uint64_t uncompressed_blocks = 0;  // for whose compression the wire would have waited
  std::vector<LaneId> given_up{};         // lanes that fail while others do not
};

// Everything it works with. All must outlive it.
struct TransmitParts {
  Outbox& outbox;
  const store::BlobStore& blobs;
  std::vector<link::DatagramSink*> lanes;  // one sink for each lane, 1 … limits::kMaxLanes
  const crypto::SigningKey& key;
  std::vector<crypto::SealingKey> receivers;  // at least one
  const Clock& clock;
  observe::Counters& counters;
  observe::EventSink& events;
};

class Transmission {
 public:
  // Longer than a link takes to come up again, shorter than a shipment should wait.
  static constexpr std::chrono::seconds kLaneGivenUp{5};
  // Passes of one urgency that are under way at once: with so many small ones the windows and
  // queues of five lanes are full at the default settings. Each costs 60 bytes.
  static constexpr std::size_t kPassesUnderWay = 64;

  // Begins a session with a random id and a fresh key. kInvalid: a setting.
  static Result<std::unique_ptr<Transmission>> begin(TransmitSettings settings,
                                                     TransmitParts parts);
  ~Transmission();

  // The builder's: one unit of work. Never waits.
  enum class Built {
    kWorked,      // a block was built, or a pass was marked
    kNothingDue,  // or what was sent could not be marked: it is still due
    kLaneFull,    // the lane whose turn it is has no room for a block
    kUnderWay,    // all is built, not all has left
  };
  Built build();
  // Waits until build() can go on after kLaneFull or kUnderWay, for wake(), or for stop.
  void wait_to_build(const std::stop_token& stop);
  // Something new may be due. Callable from any thread.
  void wake();

  // A lane's: sends what is due, one run at the most. Returns when to call again; sooner if a block
  // comes while the lane is idle. Each lane by one thread at a time.
  std::size_t lanes() const { return lanes_.size(); }
  SteadyTime send(std::size_t lane);
  bool idle(std::size_t lane) const;  // the lane's thread: nothing is in flight
  // Waits for `until` or for stop, and for a block if the lane is idle.
  void wait_to_send(std::size_t lane, SteadyTime until, const std::stop_token& stop);

  TransmitStatus status() const;  // callable from any thread

 private:
  struct Lane;
  struct UnderWay {
    std::uint64_t number = 0;  // among all passes of the session
    TransmitStatus::Pass pass;
    std::uint64_t blocks_outstanding = 0;  // handed over, not sent whole
  };
  // The passes of one urgency, and what builds the latest of them.
  struct Slot {
    Slot(const TransmitSettings& settings, SessionId session, const TransmitParts& parts,
         const CompressionGate& compression)
        : builder(settings, session, parts.blobs, parts.key, compression, parts.counters,
                  parts.events) {}
    std::size_t turn = 0;  // the lane that gets the next block; the builder's
    PassBuilder builder;   // the builder's, as all of Transmission::build()
    // In the order in which they were begun, in which they are marked. Guarded by mutex_; passes
    // come and go by the builder only.
    std::deque<UnderWay> under_way{};
  };

  Transmission(TransmitSettings settings, TransmitParts parts);

  Built build_next();
  Slot& slot(Urgency urgency) { return *slots_[static_cast<std::size_t>(urgency)]; }
  void look_for_passes();
  void begin_pass(Urgency urgency);
  PassNames under_way(Urgency urgency) const;
  std::optional<Urgency> first_to_build(Urgency from, Urgency to) const;
  std::optional<Urgency> choose();
  Built build_block(Urgency urgency);
  void count_switch(Urgency urgency);
  Built move_orphan();
  std::optional<Urgency> sent_whole() const;
  bool mark_sent(Urgency urgency);
  Lane* lane_with_room(std::size_t turn);
  void look_at(Lane& lane);
  void give_up(Lane& lane);
  void show_failing();
  void finished(Lane& lane, std::unique_ptr<EncodedBlock> block);

  const TransmitSettings settings_;
  const TransmitParts parts_;
  Beacon beacon_;
  std::vector<std::unique_ptr<Lane>> lanes_;

  CompressionGate compression_;

  // The builder's.
  std::array<std::unique_ptr<Slot>, kUrgencies.size()> slots_;
  std::size_t turn_ = 0;                         // the lane that gets the next orphan
  std::optional<std::uint64_t> outbox_changes_;  // of the outbox, when it was asked last
  SteadyTime look_again_;
  std::uint64_t passes_begun_ = 0;
  double credit_ = 0;                  // bytes that repeats and the carousel may send
  std::optional<Urgency> last_built_;  // the block before

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_, as what follows.
  std::vector<std::unique_ptr<EncodedBlock>> orphans_;  // of lanes that were given up
  std::uint64_t changes_ = 0;  // of what wait_to_build() waits for; builds look at it first
  std::uint64_t changes_seen_ = 0;
  std::uint64_t passes_sent_ = 0;
  std::uint64_t uncompressed_blocks_ = 0;
};

}  // namespace sluice::low
