// Announces and heartbeats of one session, as every lane repeats them.
#pragma once

#include <array>
#include <atomic>
#include <vector>

#include "common/base/limits.h"
#include "common/crypto/keys.h"
#include "common/wire/announce.h"
#include "lowside/pipeline/outbox.h"

namespace sluice::low {

// How far each lane is: the lowest block that has not been sent whole. Written by the lane's own
// thread.
using LaneProgress = std::array<std::atomic<std::uint64_t>, limits::kMaxLanes>;

// Callable from any thread. All references must outlive it.
class Beacon {
 public:
  Beacon(wire::SessionInfo info, const crypto::SessionKey& session_key,
         const std::vector<crypto::SealingKey>& receivers, const crypto::SigningKey& key,
         const Outbox& outbox, std::size_t lanes);

  const wire::SessionInfo& info() const { return info_; }
  const crypto::SessionKey& session_key() const { return session_key_; }
  LaneProgress& progress() { return progress_; }

  // Whole datagrams: one for each wire::kMaxReceiversPerAnnounce receivers.
  std::vector<Bytes> announces(UtcTime now) const;
  // A heartbeat's payload, to be sealed by the lane that sends it.
  Bytes heartbeat(UtcTime now) const;

 private:
  wire::SessionInfo info_;
  crypto::SessionKey session_key_;
  std::vector<std::vector<crypto::SealingKey>> receivers_;
  const crypto::SigningKey& key_;
  const Outbox& outbox_;
  std::size_t lanes_;
  LaneProgress progress_{};
};

}  // namespace sluice::low
