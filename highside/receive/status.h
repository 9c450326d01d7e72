// What /status shows of the link.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/strong.h"
#include "common/link/receive/datagram_source.h"

namespace sluice::high {

struct LinkLaneStatus {
  LaneId lane;
  bool alive = false;                   // its heartbeats arrive
  BlockNumber settled;                  // all below it are whole or lost
  std::uint64_t collecting = 0;         // blocks begun and not whole
  std::uint64_t datagrams = 0;          // authentic ones
  std::uint64_t missing_datagrams = 0;  // sent since this side joined and never seen
};

struct LinkStreamStatus {
  std::string stream;
  bool alive = false;
  UtcTime last_heartbeat;  // its arrival; the epoch if there was none in this run
  Epoch epoch;             // of the current session; 0 if there is none
  SessionId session;
  std::string contact;                  // how it began: "first-contact", "sender-restarted", …
  std::uint64_t recordings = 0;         // sessions that were refused because they are older
  std::uint64_t clock_steps = 0;        // of the sender's clock
  std::chrono::seconds clock_ahead{0};  // the sender's before this machine's, by the last heartbeat
  std::uint64_t recovered_blocks = 0;   // of this run
  std::uint64_t lost_blocks = 0;
  std::vector<LinkLaneStatus> lanes;  // of the current session
};

struct LinkSourceStatus {
  std::size_t ring_slots = 0;
  std::size_t ring_used = 0;
  link::DatagramSource::Stats taken;
};

struct LinkStatus {
  std::vector<LinkStreamStatus> streams;
  std::vector<LinkSourceStatus> sources;
};

}  // namespace sluice::high
