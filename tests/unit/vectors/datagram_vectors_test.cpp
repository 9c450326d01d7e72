// Datagrams, and the payload of heartbeats.
#include <gtest/gtest.h>

#include "common/wire/announce.h"
#include "common/wire/datagram.h"
#include "tests/support/vectors.h"
#include "tests/unit/vectors/receiver.h"

namespace sluice::test {
namespace {

using Rejected = std::vector<std::string>;

json::object shown(const wire::SymbolHeader& header) {
  return {{"kind", "symbol"},
          {"lane", header.lane.value()},
          {"payload_bytes", header.geometry.symbol_bytes},
          {"counter", header.counter},
          {"block", header.block.value()},
          {"block_bytes", header.geometry.block_bytes},
          {"ordinal", header.ordinal},
          {"max_data", header.geometry.max_data},
          {"parity", header.geometry.parity},
          {"session", header.session.value()}};
}
json::object shown(const wire::HeartbeatHeader& header) {
  return {{"kind", "heartbeat"},
          {"session", header.session.value()},
          {"lane", header.lane.value()},
          {"payload_bytes", header.payload_bytes},
          {"counter", header.counter}};
}
json::object shown(const wire::AnnounceHeader& header) {
  return {{"kind", "announce"}, {"payload_bytes", header.payload_bytes}};
}

Bytes encoded(const wire::SymbolHeader& header) {
  Bytes bytes(wire::kSymbolHeaderBytes);
  wire::encode(header, std::span<std::uint8_t, wire::kSymbolHeaderBytes>(bytes));
  return bytes;
}
Bytes encoded(const wire::HeartbeatHeader& header) {
  Bytes bytes(wire::kSealedHeaderBytes);
  wire::encode(header, std::span<std::uint8_t, wire::kSealedHeaderBytes>(bytes));
  return bytes;
}
Bytes encoded(const wire::AnnounceHeader& header) {
  Bytes bytes(wire::kPrefixBytes);
  wire::encode(header, std::span<std::uint8_t, wire::kPrefixBytes>(bytes));
  return bytes;
}

TEST(DatagramVectors, GoodOnesHaveTheirFieldsAndAreWrittenAlike) {
  for (const Vector& vector : vectors_of("datagram")) {
    if (!vector.good()) {
      continue;
    }
    SCOPED_TRACE(vector.name);
    const auto parsed = wire::parse(vector.bytes);
    ASSERT_TRUE(std::holds_alternative<wire::Header>(parsed));
    std::visit(
        [&](const auto& header) {
          expect_fields(vector.fields(), shown(header));
          const Bytes written = encoded(header);
          EXPECT_TRUE(std::ranges::equal(ByteView(vector.bytes).first(written.size()), written));
        },
        std::get<wire::Header>(parsed));
  }
}

TEST(DatagramVectors, BadOnesAreCountedByTheirReason) {
  for (const Vector& vector : vectors_of("datagram")) {
    if (vector.good()) {
      continue;
    }
    SCOPED_TRACE(vector.name);
    EXPECT_EQ(Receiver().take(vector.bytes),
              Rejected{"sluice_link_rejected_total " + vector.text("refused")});
  }
}

TEST(DatagramVectors, CutAnywhereTheyAreTooShortOrOfABadLength) {
  for (const Vector& vector : vectors_of("datagram")) {
    SCOPED_TRACE(vector.name);
    for (std::size_t size = 0; vector.good() && size < vector.bytes.size(); ++size) {
      const auto parsed = wire::parse(ByteView(vector.bytes).first(size));
      const auto* reject = std::get_if<wire::Reject>(&parsed);
      ASSERT_NE(reject, nullptr) << size;
      ASSERT_TRUE(*reject == wire::Reject::kTooShort || *reject == wire::Reject::kBadLength)
          << size;
    }
  }
}

// Whatever parse() knows has a vector, and whatever it can say of a bad one.
TEST(DatagramVectors, EveryKindAndReasonHasOne) {
  std::set<std::uint8_t> kinds;
  std::set<std::string> reasons;
  for (const Vector& vector : vectors_of("datagram")) {
    if (vector.good()) {
      kinds.insert(vector.bytes.at(4));
    } else {
      reasons.insert(vector.text("refused"));
    }
  }
  Bytes datagram = vectors_of("datagram").front().bytes;
  for (unsigned kind = 0; kind < 256; ++kind) {
    datagram[4] = static_cast<std::uint8_t>(kind);
    const auto parsed = wire::parse(datagram);
    const auto* reject = std::get_if<wire::Reject>(&parsed);
    const bool known = reject == nullptr || *reject != wire::Reject::kUnknownKind;
    EXPECT_EQ(known, kinds.contains(static_cast<std::uint8_t>(kind))) << kind;
  }
  EXPECT_EQ(reasons,
            (std::set<std::string>{"too-short", "bad-magic", "unknown-version", "unknown-kind",
                                   "bad-length", "bad-geometry", "bad-lane"}));
}

json::object shown(const wire::Heartbeat& heartbeat) {
  json::array lanes;
  for (const wire::LaneProgress& progress : heartbeat.lanes) {
    lanes.push_back({{"lane", progress.lane.value()}, {"next_block", progress.next.value()}});
  }
  return {{"now_micros", to_unix_micros(heartbeat.now)},
          {"last_sequence", heartbeat.last.value()},
          {"oldest_sequence", heartbeat.oldest.value()},
          {"lanes", std::move(lanes)}};
}

TEST(HeartbeatVectors, HaveTheirFieldsAndAreWrittenAlikeOrAreRefused) {
  for (const Vector& vector : vectors_of("heartbeat")) {
    SCOPED_TRACE(vector.name);
    const auto read = wire::read_heartbeat(vector.bytes);
    ASSERT_EQ(read.has_value(), vector.good());
    if (!read) {
      expect_refusal(vector, read.error());
      continue;
    }
    expect_fields(vector.fields(), shown(*read));
    if (vector.name != "unknown-field") {
      EXPECT_EQ(wire::write_heartbeat(*read), vector.bytes);
    }
  }
}

// A message that ends between two fields is a message; nothing else that was cut off is one.
TEST(HeartbeatVectors, CutAnywhereTheyAreReadBetweenFieldsOnly) {
  for (const Vector& vector : vectors_of("heartbeat")) {
    SCOPED_TRACE(vector.name);
    json::array readable;
    for (std::size_t size = 0; vector.good() && size <= vector.bytes.size(); ++size) {
      if (wire::read_heartbeat(ByteView(vector.bytes).first(size))) {
        readable.push_back(size);
      }
    }
    if (vector.good()) {
      expect_fields(vector.all.at("readable_prefixes"), readable);
    }
  }
}

}  // namespace
}  // namespace sluice::test
