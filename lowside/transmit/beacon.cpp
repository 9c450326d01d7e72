#include "lowside/transmit/beacon.h"

namespace sluice::low {

Beacon::Beacon(wire::SessionInfo info, const crypto::SessionKey& session_key,
               const std::vector<crypto::SealingKey>& receivers, const crypto::SigningKey& key,
               const Outbox& outbox, std::size_t lanes)
    : info_(std::move(info)), session_key_(session_key), key_(key), outbox_(outbox), lanes_(lanes) {
  for (std::size_t i = 0; i < receivers.size(); ++i) {
    if (i % wire::kMaxReceiversPerAnnounce == 0) {
      receivers_.emplace_back();
    }
    receivers_.back().push_back(receivers[i]);
  }
}

std::vector<Bytes> Beacon::announces(UtcTime now) const {
  std::vector<Bytes> datagrams;
  datagrams.reserve(receivers_.size());
  for (const auto& group : receivers_) {
    datagrams.push_back(wire::write_announce(info_, now, session_key_, group, key_));
  }
  return datagrams;
}

Bytes Beacon::heartbeat(UtcTime now) const {
  wire::Heartbeat heartbeat{
      .now = now, .last = outbox_.highest_sent(), .oldest = outbox_.oldest_held(), .lanes = {}};
  for (std::size_t lane = 0; lane < lanes_; ++lane) {
    heartbeat.lanes.push_back(
        {.lane = LaneId(static_cast<std::uint8_t>(lane)),
         .next = BlockNumber(progress_[lane].load(std::memory_order_acquire))});
  }
  return wire::write_heartbeat(heartbeat);
}

}  // namespace sluice::low
