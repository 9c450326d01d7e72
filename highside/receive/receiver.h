// Takes datagrams from one source or several and hands blocks on.
//
//   source ─> take thread ─> ring ─┐
//   source ─> take thread ─> ring ─┴─> worker thread (LinkReader) ─> BlockConsumer
//
// A take thread does nothing else. When the consumer holds the worker up, a ring fills, its take
// thread waits, and datagrams stay in the kernel's buffer, whose drops the kernel counts.
#pragma once

#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "common/link/receive/datagram_source.h"
#include "highside/receive/datagram_ring.h"
#include "highside/receive/doorbell.h"
#include "highside/receive/link_reader.h"

namespace sluice::high {

class Receiver {
 public:
  // Starts at once. `sources`: one for each way in, at least one; owned. `parts` and `settings` are
  // described with LinkReader.
  Receiver(const ReceiveSettings& settings,
           std::vector<std::unique_ptr<link::DatagramSource>> sources, const ReceiveParts& parts);
  // Stops within kPatience, once the consumer returns.
  ~Receiver();

  LinkStatus status() const;  // callable from any thread; at most 200 ms old

  // How long a take thread waits for a datagram; also the worker's tick.
  static constexpr std::chrono::milliseconds kPatience{50};

 private:
  struct Lane;

  void take(Lane& lane, const std::stop_token& stop);
  void work(const std::stop_token& stop);
  bool work_on(Lane& lane);
  void publish_status(SteadyTime now);

  const ReceiveSettings settings_;
  const ReceiveParts parts_;
  LinkReader reader_;
  Doorbell arrived_;   // the worker waits by it
  Doorbell released_;  // take threads wait by it when their ring is full
  std::vector<std::unique_ptr<Lane>> lanes_;

  mutable std::mutex mutex_;
  LinkStatus status_;
  SteadyTime status_at_;
  std::jthread worker_;
};

}  // namespace sluice::high
