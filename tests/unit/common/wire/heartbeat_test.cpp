#include <gtest/gtest.h>

#include <algorithm>

#include "common/base/limits.h"
#include "common/wire/announce.h"
#include "sluice/wire.pb.h"

namespace sluice::wire {
namespace {

Bytes serialize(const proto::Heartbeat& message) {
  const std::string text = message.SerializeAsString();
  return {text.begin(), text.end()};
}

void expect_invalid(ByteView payload, std::string_view what) {
  const auto refused = read_heartbeat(payload);
  ASSERT_FALSE(refused) << what;
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid) << what;
}

TEST(Heartbeat, ComesBackFieldByField) {
  Heartbeat sent{from_unix_micros(1'700'000'000'000'001),
                 ShipmentSequence(UINT64_MAX),
                 ShipmentSequence(3),
                 {}};
  for (std::size_t lane = 0; lane < limits::kMaxLanes; ++lane) {
    sent.lanes.push_back({LaneId(static_cast<std::uint8_t>(lane)), BlockNumber(UINT64_MAX - lane)});
  }
  const Bytes payload = write_heartbeat(sent);
  EXPECT_LE(payload.size(), 400U);  // fits the smallest packet
  const Heartbeat got = read_heartbeat(payload).value();
  EXPECT_EQ(got.now, sent.now);
  EXPECT_EQ(got.last, sent.last);
  EXPECT_EQ(got.oldest, sent.oldest);
  ASSERT_EQ(got.lanes.size(), limits::kMaxLanes);
  for (std::size_t i = 0; i < limits::kMaxLanes; ++i) {
    EXPECT_EQ(got.lanes[i].lane, sent.lanes[i].lane);
    EXPECT_EQ(got.lanes[i].next, sent.lanes[i].next);
  }
}

TEST(Heartbeat, RefusesLanesThatCannotBe) {
  proto::Heartbeat message;
  message.add_lanes()->set_lane(limits::kMaxLanes);
  expect_invalid(serialize(message), "lane beyond the last");
  message.clear_lanes();
  message.add_lanes()->set_lane(256);  // would be 0 in a byte
  expect_invalid(serialize(message), "lane beyond a byte");
  message.clear_lanes();
  message.add_lanes()->set_lane(3);
  message.add_lanes()->set_lane(3);
  expect_invalid(serialize(message), "lane twice");
  message.clear_lanes();
  for (std::uint32_t lane = 0; lane <= limits::kMaxLanes; ++lane) {
    message.add_lanes()->set_lane(lane);
  }
  expect_invalid(serialize(message), "too many lanes");
}

TEST(Heartbeat, RefusesGarbageAndWhatIsTooLong) {
  expect_invalid(Bytes(50, 0xFF), "garbage");
  expect_invalid(Bytes(limits::kMaxDatagramBytes + 1), "too long");
}

}  // namespace
}  // namespace sluice::wire
