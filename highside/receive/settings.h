// What the receiver is told by the configuration.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "common/base/limits.h"
#include "common/base/processors.h"
#include "common/crypto/keys.h"

namespace sluice::high {

// A sender that is trusted: announces that carry this name must be signed by this key.
struct TrustedStream {
  std::string name;
  crypto::VerifyKey key;
};

struct ReceiveSettings {
  // A block is lost when one begins that is this much newer: any sender's window, and a few more
  // for packets that overtake each other. Some bytes for each; memory is taken when a block begins.
  std::size_t window = limits::kMaxBlocksInFlight + 16;

  // Memory of a lane for blocks that are being put together. A block that does not fit takes the
  // place of the oldest. At 500 Mbit/s and an outage of 40 ms a sender needs 35 MB of it.
  std::size_t lane_memory = std::size_t{256} << 20;
  // Lanes of each stream that have that memory; blocks of others are named as lost.
  std::size_t lanes = limits::kMaxLanes;

  // Datagrams by which a lane may be out of order: 2^16 are 0.8 s at 1 Gb/s and MTU 1500. Earlier
  // ones count as too old. 8 KiB for each lane.
  std::size_t replay_window = std::size_t{1} << 16;

  // Bytes of the ring between taking datagrams and working on them, for each lane: at 10 Gb/s the
  // worker may stall for 25 ms before the kernel's buffer begins to fill.
  std::size_t ring_bytes = std::size_t{32} << 20;

  // For the take threads, then the worker.
  Processors processors{};

  // After a heartbeat says that a block was sent, so long without a symbol of it or of a block
  // before it, and it is lost.
  std::chrono::milliseconds grace{500};
  // Without a heartbeat for this long a stream is silent: three of the sender's cadences.
  std::chrono::milliseconds silence{3000};
  // How long the session before the current one is still listened to.
  std::chrono::milliseconds linger{2000};
};

}  // namespace sluice::high
