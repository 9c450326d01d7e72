// Both ends of a link on one thread and one clock that stands still: a sender's builder and lane, a
// LossyLink, a receiver's reader. Nothing in it waits, so that a seed replays everything.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "highside/receive/link_reader.h"
#include "lowside/transmit/lane_sender.h"
#include "lowside/transmit/pass_builder.h"
#include "tests/support/events.h"
#include "tests/support/lossy_link.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_blobs.h"

namespace sluice::test {

// Keeps what the receiver hands over. Callable from one thread at a time.
class RecordedBlocks final : public high::BlockConsumer {
 public:
  using Place = std::pair<std::uint64_t, std::uint64_t>;  // session, block number

  void block(high::RecoveredBlock block) override;
  void lost(const high::LostBlocks& lost) override;
  void heartbeat(const std::string& stream, const wire::Heartbeat& heartbeat,
                 UtcTime arrived) override;

  std::map<Place, Bytes> blocks;
  std::vector<high::LostBlocks> losses;  // as they were told
  std::set<Place> lost_places;           // the same, one by one
  std::vector<wire::Heartbeat> heartbeats;
  std::size_t told_twice = 0;  // blocks whole or lost more than once
};

// In memory; outlives a receiver, as the real one outlives a restart.
class MemoryEpochs final : public high::EpochGuard {
 public:
  Result<Contact> admit(const std::string& stream, Epoch epoch, SessionId session) override;

 private:
  std::map<std::string, std::pair<Epoch, SessionId>> newest_;
};

// Another machine's clock: the same seconds, another time of day.
class OffsetClock final : public Clock {
 public:
  explicit OffsetClock(const Clock& clock) : clock_(clock) {}
  UtcTime utc_now() const override { return clock_.utc_now() + offset; }
  SteadyTime steady_now() const override { return clock_.steady_now(); }

  std::chrono::seconds offset{0};

 private:
  const Clock& clock_;
};

// A shipment of `sizes.size()` blobs of random bytes, put into `blobs`.
low::OutgoingPass make_pass(MemoryBlobs& blobs, std::mt19937_64& random, std::uint64_t sequence,
                            const std::vector<std::size_t>& sizes);

struct RigSettings {
  std::uint64_t seed = 1;
  std::size_t mtu = 1500;
  LinkFaults faults = {};
};

class LinkRig {
 public:
  static constexpr const char* kStream = "lab-low";

  explicit LinkRig(const RigSettings& rig = {});

  // A new session of the sender; what was in flight is dropped.
  void start_sender(Epoch epoch);
  // A receiver that knows only its keys and the epochs.
  void start_receiver();

  // Sends it whole and delivers as it goes.
  void send(low::OutgoingPass pass);
  void send_blocks(std::size_t count);  // a pass of at least so many blocks
  // Lets time pass, with what the sender does meanwhile.
  void run_for(std::chrono::nanoseconds time);
  // Gives the receiver what has arrived.
  void deliver();

  std::uint64_t session() const { return beacon->info().session.value(); }
  // Numbers of the current session's blocks that were told lost.
  std::vector<std::uint64_t> lost() const;
  // Whether every block that was sent in any session, but for those that were told lost, arrived
  // bit for bit, and none that was not sent.
  void expect_all_arrived_but_lost() const;
  std::uint64_t low(observe::Metric metric) const { return low_counters.get(metric); }
  std::uint64_t high(observe::Metric metric) const { return high_counters.get(metric); }

  std::mt19937_64 random;
  ManualClock clock;
  OffsetClock sender_clock{clock};
  OffsetClock receiver_clock{clock};
  LossyLink link;
  crypto::SigningKey signing = crypto::SigningKey::generate();
  crypto::OpeningKey opening = crypto::OpeningKey::generate();
  MemoryBlobs blobs;
  MemoryOutbox outbox;
  observe::Counters low_counters;
  observe::Counters high_counters;
  RecordedEvents events;
  RecordedBlocks received;
  MemoryEpochs epochs;

  low::TransmitSettings transmit;
  low::CompressionGate compression;
  std::unique_ptr<low::Beacon> beacon;
  std::unique_ptr<low::PassBuilder> builder;
  std::unique_ptr<low::LaneSender> sender;

  high::ReceiveSettings receive;
  std::vector<high::TrustedStream> streams;
  std::unique_ptr<high::LinkReader> reader;

  std::map<RecordedBlocks::Place, Bytes> sent;  // every block as it was signed

 private:
  std::uint64_t next_block_ = 0;
  std::uint64_t next_sequence_ = 1;
  Bytes memory_;
  std::vector<link::ReceiveBuffer> buffers_;
};

// What kind of datagram it is and, for a symbol, its header.
std::optional<wire::SymbolHeader> symbol_header(ByteView datagram);

}  // namespace sluice::test
