#include <bitset>

#include "common/base/limits.h"
#include "common/wire/announce.h"
#include "sluice/wire.pb.h"

namespace sluice::wire {
namespace {

Error bad_heartbeat(std::string cause) {
  return {ErrorCode::kInvalid, "heartbeat", std::move(cause), ""};
}

Result<std::vector<LaneProgress>> read_lanes(const proto::Heartbeat& heartbeat) {
  if (static_cast<std::size_t>(heartbeat.lanes_size()) > limits::kMaxLanes) {
    return bad_heartbeat("names " + std::to_string(heartbeat.lanes_size()) + " lanes, more than " +
                         std::to_string(limits::kMaxLanes));
  }
  std::bitset<limits::kMaxLanes> named;
  std::vector<LaneProgress> lanes;
  for (const proto::LaneProgress& lane : heartbeat.lanes()) {
    if (lane.lane() >= limits::kMaxLanes || named[lane.lane()]) {
      return bad_heartbeat("names lane " + std::to_string(lane.lane()) +
                           ", which cannot be or was named before");
    }
    named.set(lane.lane());
    lanes.push_back(
        {LaneId(static_cast<std::uint8_t>(lane.lane())), BlockNumber(lane.next_block())});
  }
  return lanes;
}

}  // namespace

Bytes write_heartbeat(const Heartbeat& heartbeat) {
  SLUICE_ASSERT(heartbeat.lanes.size() <= limits::kMaxLanes);
  proto::Heartbeat message;
  message.set_now_micros(to_unix_micros(heartbeat.now));
  message.set_last_sequence(heartbeat.last.value());
  message.set_oldest_sequence(heartbeat.oldest.value());
  for (const LaneProgress& progress : heartbeat.lanes) {
    proto::LaneProgress& lane = *message.add_lanes();
    lane.set_lane(progress.lane.value());
    lane.set_next_block(progress.next.value());
  }
  Bytes payload(message.ByteSizeLong());
  SLUICE_ASSERT(message.SerializeToArray(payload.data(), static_cast<int>(payload.size())));
  return payload;
}

Result<Heartbeat> read_heartbeat(ByteView payload) {
  proto::Heartbeat message;
  if (payload.size() > limits::kMaxDatagramBytes ||
      !message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return bad_heartbeat("cannot be parsed");
  }
  Heartbeat heartbeat;
  heartbeat.now = from_unix_micros(message.now_micros());
  heartbeat.last = ShipmentSequence(message.last_sequence());
  heartbeat.oldest = ShipmentSequence(message.oldest_sequence());
  SLUICE_TRY(heartbeat.lanes, read_lanes(message));
  return heartbeat;
}

}  // namespace sluice::wire
