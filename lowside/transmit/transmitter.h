// Sends what the outbox says is due, over one lane or several.
//
//   Outbox ─> builder thread: read, sign, code ─┬─ queue ─> lane thread: interleave, seal, pace ─>
//   sink
//      ^      (PassBuilder)                     └─ queue ─> lane thread …      (LaneSender)
//      └──────── mark_sent, when the last datagram of the pass has left
//
// A pass is sent to its end before the next is asked for. Announces and heartbeats go on while
// nothing is due.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
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
    std::uint64_t bytes_done = 0;  // of the manifest and the blobs; their blocks have left whole
    std::uint64_t bytes_total = 0;
  };
  std::optional<Pass> current;  // none: idle
  std::uint64_t passes_sent = 0;
  std::uint64_t bits_per_second = 0;  // of UDP payload, all lanes, over the last cadence
  std::uint64_t configured_bits_per_second = 0;
  std::size_t queued_blocks = 0;
};

// Everything it works with. All must outlive it.
struct TransmitParts {
  Outbox& outbox;
  const store::BlobStore& blobs;
  std::vector<link::DatagramSink*> lanes;  // one sink for each lane, 1 … limits::kMaxLanes
  const crypto::SigningKey& key;
  std::vector<crypto::SealingKey> receivers;  // at least one
  const Clock& clock;                         // must run with real time: threads wait by it
  observe::Counters& counters;
  observe::EventSink& events;
};

class Transmitter {
 public:
  // Begins a session with a random id and a fresh key. kInvalid: a setting.
  static Result<std::unique_ptr<Transmitter>> start(TransmitSettings settings, TransmitParts parts);
  // Stops within the sink's patience; a pass under way is left unmarked, to be sent again.
  ~Transmitter();

  // Something new may be due. Callable from any thread.
  void wake();
  TransmitStatus status() const;  // callable from any thread

 private:
  struct Lane;

  Transmitter(TransmitSettings settings, TransmitParts parts);

  void build(const std::stop_token& stop);
  void send_pass(OutgoingPass pass, const std::stop_token& stop);
  bool hand_over(std::size_t lane, const std::stop_token& stop);
  bool mark_sent(ShipmentSequence sequence, std::uint32_t pass);
  void wait_for_work(const std::stop_token& stop);
  void send(Lane& lane, const std::stop_token& stop);
  void finished(Lane& lane, std::unique_ptr<EncodedBlock> block);

  const TransmitSettings settings_;
  const TransmitParts parts_;
  Beacon beacon_;
  PassBuilder builder_;

  mutable std::mutex mutex_;  // of what follows
  std::condition_variable_any changed_;
  std::optional<TransmitStatus::Pass> current_;
  std::uint64_t blocks_outstanding_ = 0;  // handed over, not sent whole
  std::uint64_t passes_sent_ = 0;
  bool woken_ = false;

  std::vector<std::unique_ptr<Lane>> lanes_;
  std::jthread build_thread_;  // last: stops first
};

}  // namespace sluice::low
