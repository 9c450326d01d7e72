// Sends one lane: interleaves the symbols of the blocks in flight, seals, paces, and keeps the
// announces and heartbeats going. Knows no thread: whoever owns it says what time it is.
//
// The wire's time is cut into slots of one datagram. Every block is spread evenly over the same
// number of slots, TransmitSettings::spread_datagrams(), long or short, first or last: an outage
// then takes the same share of each. Blocks start one after another, each so many slots after the
// one before it as that one has symbols, so that they fill the wire together. Where there are too
// few of them, at the begin of a pass, at its end and around a short block, slots stay empty.
//
// No block starts while one that is `window` numbers older is still in flight: the receiver may
// give up a block when it sees far enough beyond it.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "common/base/clock.h"
#include "common/crypto/datagram_cipher.h"
#include "common/link/send/datagram_sink.h"
#include "common/link/send/pacer.h"
#include "common/observe/counters.h"
#include "common/observe/events.h"
#include "lowside/transmit/beacon.h"
#include "lowside/transmit/encoded_block.h"
#include "lowside/transmit/settings.h"

namespace sluice::low {

// One thread. All references must outlive it.
class LaneSender {
 public:
  // Before the first symbol of a session this many announces are sent, kLeadPause apart or as long
  // as the outage that is survived, if that is longer: a receiver that loses one of them to it
  // still opens the session before data begins.
  static constexpr int kLeadAnnounces = 3;
  static constexpr std::chrono::milliseconds kLeadPause{100};
  // After the kernel refused a run it is tried again, unchanged, so that nothing is lost by a cable
  // that is out for an hour.
  static constexpr std::chrono::milliseconds kRetryPause{100};

  LaneSender(const TransmitSettings& settings, LaneId lane, Beacon& beacon,
             link::DatagramSink& sink, const Clock& clock, observe::Counters& counters,
             observe::EventSink& events);

  bool wants_block() const;
  // A datagram could leave now and waits for a block.
  bool runs_dry(SteadyTime now) const { return lead_ == 0 && pacer_.due() <= now && wants_block(); }
  void take(std::unique_ptr<EncodedBlock> block);  // numbers grow
  bool idle() const { return in_flight_.empty(); }
  // Since when every send was refused; none while they succeed.
  std::optional<SteadyTime> failing_since() const { return failing_since_; }
  // The blocks that have not been sent whole, for another lane. Those that take them send them
  // under other numbers; the receiver hears that these are over.
  std::vector<std::unique_ptr<EncodedBlock>> abandon();

  // Sends what is due at `now`, one run at the most; returns when to call again.
  SteadyTime step(SteadyTime now);
  // A block of which every symbol has left; null if there is none.
  std::unique_ptr<EncodedBlock> take_finished();

 private:
  struct Flight {
    std::unique_ptr<EncodedBlock> block;
    std::uint32_t total = 0;  // symbols
    std::uint64_t start = 0;  // slot
    std::uint32_t next = 0;   // place; what comes before it is in the run or has left
    std::uint64_t due = 0;    // slot from which on `next` may leave
  };

  void beat(SteadyTime now);
  bool send(ByteView bytes, std::size_t datagram_bytes, SteadyTime now);
  std::uint64_t next_due_slot() const;
  Flight* due_now();
  void fill_run(SteadyTime now);
  void seal_symbol(const Flight& flight);
  void send_run(SteadyTime now);
  void retire();
  void report(const Result<void>& sent, SteadyTime now);
  void show_progress();

  const TransmitSettings& settings_;
  LaneId lane_;
  Beacon& beacon_;
  link::DatagramSink& sink_;
  const Clock& clock_;
  observe::Counters& counters_;
  observe::EventSink& events_;
  crypto::Sealer sealer_;
  std::size_t datagram_bytes_;
  std::size_t run_limit_;  // datagrams
  std::uint64_t spread_;   // slots
  std::chrono::nanoseconds lead_pause_;
  link::Pacer pacer_;

  std::deque<Flight> in_flight_;  // by number
  std::size_t turn_ = 0;          // whose symbol came last
  std::uint64_t next_number_ = 0;
  std::uint64_t slot_ = 0;        // the next one
  std::uint64_t next_start_ = 0;  // slot from which on another block may start
  Bytes run_;                     // sealed datagrams, kept until they have left
  std::size_t run_bytes_ = 0;
  std::deque<std::unique_ptr<EncodedBlock>> finished_;
  SteadyTime next_beat_;
  SteadyTime retry_;
  int lead_ = kLeadAnnounces;
  std::optional<SteadyTime> failing_since_;
};

}  // namespace sluice::low
