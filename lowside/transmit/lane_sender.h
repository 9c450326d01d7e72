// Sends one lane: interleaves the symbols of the blocks in flight, seals, paces, and keeps the
// announces and heartbeats going. Knows no thread: whoever owns it says what time it is.
//
// Blocks start one after another, each when the one before it has sent 1/window of its symbols, so
// that an outage meets blocks at different points and none loses more than its share of it. No
// block starts while one that is `window` numbers older is still in flight: the receiver may give
// up a block as soon as it sees that far beyond it.
#pragma once

#include <deque>
#include <memory>
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
  // Before the first symbol of a session this many announces are sent, kLeadPause apart: a receiver
  // that loses one of them still opens the session before data begins.
  static constexpr int kLeadAnnounces = 3;
  static constexpr std::chrono::milliseconds kLeadPause{100};
  // After the kernel refused a run it is tried again, unchanged, so that nothing is lost by a cable
  // that is out for an hour.
  static constexpr std::chrono::milliseconds kRetryPause{100};

  LaneSender(const TransmitSettings& settings, LaneId lane, Beacon& beacon,
             link::DatagramSink& sink, const Clock& clock, observe::Counters& counters,
             observe::EventSink& events);

  bool wants_block() const;
  void take(std::unique_ptr<EncodedBlock> block);  // numbers grow by one
  bool idle() const { return in_flight_.empty(); }

  // Sends what is due at `now`, one run at the most; returns when to call again.
  SteadyTime step(SteadyTime now);
  // A block of which every symbol has left; null if there is none.
  std::unique_ptr<EncodedBlock> take_finished();

 private:
  struct Flight {
    std::unique_ptr<EncodedBlock> block;
    std::uint32_t next = 0;  // ordinal; those below it are in the run or have left
    std::uint32_t total = 0;
  };

  void beat(SteadyTime now);
  bool send(ByteView bytes, std::size_t datagram_bytes, SteadyTime now);
  void fill_run();
  void seal_symbol(const Flight& flight);
  void send_run(SteadyTime now);
  void retire();
  void report(const Result<void>& sent);

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
  link::Pacer pacer_;

  std::deque<Flight> in_flight_;  // by number
  std::size_t turn_ = 0;          // whose symbol comes next
  std::uint64_t next_number_ = 0;
  Bytes run_;  // sealed datagrams, kept until they have left
  std::size_t run_bytes_ = 0;
  std::deque<std::unique_ptr<EncodedBlock>> finished_;
  SteadyTime next_beat_;
  SteadyTime retry_;
  int lead_ = kLeadAnnounces;
  bool failing_ = false;
};

}  // namespace sluice::low
