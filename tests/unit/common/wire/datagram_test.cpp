#include "common/wire/datagram.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/base/limits.h"
#include "common/base/text.h"

namespace sluice::wire {
namespace {

SymbolHeader symbol_header() {
  SymbolHeader header;
  header.lane = LaneId(0x0A);
  header.session = SessionId(0x1112131415161718);
  header.counter = 0x2122232425262728;
  header.block = BlockNumber(0x3132333435363738);
  header.geometry = {0x00A1A2A3, 0x0504, 0x64, 0x0B};
  header.ordinal = 0x00000102;
  return header;
}

Bytes symbol_datagram(const SymbolHeader& header = symbol_header()) {
  Bytes datagram(kSymbolHeaderBytes + header.geometry.symbol_bytes + kTagBytes);
  encode(header, std::span<std::uint8_t, kSymbolHeaderBytes>(datagram.data(), kSymbolHeaderBytes));
  return datagram;
}

Bytes heartbeat_datagram() {
  const HeartbeatHeader header{LaneId(0x0A), SessionId(0x1112131415161718), 0x2122232425262728, 30};
  Bytes datagram(kSealedHeaderBytes + 30 + kTagBytes);
  encode(header, std::span<std::uint8_t, kSealedHeaderBytes>(datagram.data(), kSealedHeaderBytes));
  return datagram;
}

Bytes announce_datagram() {
  Bytes datagram(kPrefixBytes + 200);
  encode(AnnounceHeader{200}, std::span<std::uint8_t, kPrefixBytes>(datagram.data(), kPrefixBytes));
  return datagram;
}

std::string first_bytes(const Bytes& datagram, std::size_t count) {
  return hex_encode(ByteView(datagram).first(count));
}

// What parse() refuses `datagram` with, or none.
std::optional<Reject> reject_of(ByteView datagram) {
  const auto parsed = parse(datagram);
  const auto* reject = std::get_if<Reject>(&parsed);
  return reject == nullptr ? std::nullopt : std::optional(*reject);
}

Bytes with(Bytes datagram, std::size_t offset, int value) {
  datagram[offset] = static_cast<std::uint8_t>(value);
  return datagram;
}

TEST(Datagram, SymbolHeaderByteForByte) {
  EXPECT_EQ(first_bytes(symbol_datagram(), kSymbolHeaderBytes),
            "534c43"            // magic
            "01"                // version
            "01"                // kind
            "0a"                // lane
            "0405"              // payload bytes
            "1817161514131211"  // session
            "2827262524232221"  // counter
            "3837363534333231"  // block
            "a3a2a100"          // block bytes
            "02010000"          // ordinal
            "64"                // max data
            "0b"                // parity
            "0000");            // zero
}

TEST(Datagram, HeartbeatHeaderByteForByte) {
  EXPECT_EQ(first_bytes(heartbeat_datagram(), kSealedHeaderBytes),
            "534c43"
            "01"
            "02"
            "0a"
            "1e00"
            "1817161514131211"
            "2827262524232221");
}

TEST(Datagram, AnnounceHeaderByteForByte) {
  EXPECT_EQ(first_bytes(announce_datagram(), kPrefixBytes), "534c43010300c800");
}

TEST(Datagram, SymbolComesBackFieldByField) {
  const SymbolHeader sent = symbol_header();
  const auto parsed = parse(symbol_datagram());
  const auto& got = std::get<SymbolHeader>(std::get<Header>(parsed));
  EXPECT_EQ(got.lane, sent.lane);
  EXPECT_EQ(got.session, sent.session);
  EXPECT_EQ(got.counter, sent.counter);
  EXPECT_EQ(got.block, sent.block);
  EXPECT_EQ(got.geometry, sent.geometry);
  EXPECT_EQ(got.ordinal, sent.ordinal);
}

TEST(Datagram, HeartbeatAndAnnounceComeBack) {
  const auto heartbeat = parse(heartbeat_datagram());
  const auto& got = std::get<HeartbeatHeader>(std::get<Header>(heartbeat));
  EXPECT_EQ(got.lane, LaneId(0x0A));
  EXPECT_EQ(got.session, SessionId(0x1112131415161718));
  EXPECT_EQ(got.counter, 0x2122232425262728U);
  EXPECT_EQ(got.payload_bytes, 30);
  const auto announce = parse(announce_datagram());
  EXPECT_EQ(std::get<AnnounceHeader>(std::get<Header>(announce)).payload_bytes, 200);
}

TEST(Datagram, TruncatedAtEveryByteIsRefused) {
  for (const Bytes& whole : {symbol_datagram(), heartbeat_datagram(), announce_datagram()}) {
    ASSERT_EQ(reject_of(whole), std::nullopt);
    const std::size_t overhead = whole.size() - (whole[6] + 256U * whole[7]);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const auto expected = size < overhead ? Reject::kTooShort : Reject::kBadLength;
      EXPECT_EQ(reject_of(ByteView(whole).first(size)), expected) << size;
    }
    Bytes longer = whole;
    longer.push_back(0);
    EXPECT_EQ(reject_of(longer), Reject::kBadLength);
  }
}

TEST(Datagram, EachReasonToRefuse) {
  const Bytes symbol = symbol_datagram();
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(reject_of(with(symbol, i, 'x')), Reject::kBadMagic);
  }
  for (const int version : {0, 2, 255}) {
    EXPECT_EQ(reject_of(with(symbol, 3, version)), Reject::kUnknownVersion);
  }
  for (const int kind : {0, 4, 255}) {
    EXPECT_EQ(reject_of(with(symbol, 4, kind)), Reject::kUnknownKind);
  }
  for (const int lane : {16, 255}) {
    EXPECT_EQ(reject_of(with(symbol, 5, lane)), Reject::kBadLane);
    EXPECT_EQ(reject_of(with(heartbeat_datagram(), 5, lane)), Reject::kBadLane);
  }
  EXPECT_EQ(reject_of(with(announce_datagram(), 5, 1)), Reject::kBadLane);
  EXPECT_EQ(reject_of(with(symbol, 6, 5)), Reject::kBadLength);
  EXPECT_EQ(reject_of(with(symbol, 7, 0xFF)), Reject::kBadLength);
  EXPECT_EQ(reject_of(with(symbol, 40, 0)), Reject::kBadGeometry);    // max data
  EXPECT_EQ(reject_of(with(symbol, 40, 201)), Reject::kBadGeometry);  // max data
  EXPECT_EQ(reject_of(with(symbol, 41, 56)), Reject::kBadGeometry);   // parity
  EXPECT_EQ(reject_of(with(symbol, 42, 1)), Reject::kBadGeometry);    // reserved
  EXPECT_EQ(reject_of(with(symbol, 43, 1)), Reject::kBadGeometry);    // reserved
  EXPECT_EQ(reject_of(with(symbol, 35, 1)),
            Reject::kBadGeometry);  // block bytes of 16 MiB and more
}

TEST(Datagram, OrdinalMustNameASymbol) {
  SymbolHeader header = symbol_header();
  header.ordinal = header.geometry.total_symbols() - 1;
  EXPECT_EQ(reject_of(symbol_datagram(header)), std::nullopt);
  ++header.ordinal;
  EXPECT_EQ(reject_of(symbol_datagram(header)), Reject::kBadGeometry);
  header.ordinal = UINT32_MAX;
  EXPECT_EQ(reject_of(symbol_datagram(header)), Reject::kBadGeometry);
}

TEST(Datagram, WithoutPayloadOrLongerThanAPacketIsRefused) {
  SymbolHeader header = symbol_header();
  header.geometry.symbol_bytes = 0;
  EXPECT_EQ(reject_of(symbol_datagram(header)), Reject::kBadLength);
  header.geometry.symbol_bytes = limits::kMaxDatagramBytes - kSymbolHeaderBytes - kTagBytes;
  EXPECT_EQ(reject_of(symbol_datagram(header)), std::nullopt);
  ++header.geometry.symbol_bytes;
  EXPECT_EQ(reject_of(symbol_datagram(header)), Reject::kBadLength);
}

TEST(Datagram, SizesFollowTheMtu) {
  EXPECT_EQ(datagram_bytes(1500, false), 1472U);
  EXPECT_EQ(datagram_bytes(1500, true), 1452U);
  EXPECT_EQ(symbol_bytes(1500, false), 1412U);
  EXPECT_EQ(symbol_bytes(9000, true), 8892U);
  // Loopback's MTU of 65536 is no reason to exceed what a receiver takes.
  EXPECT_EQ(datagram_bytes(65536, false), limits::kMaxDatagramBytes);
}

}  // namespace
}  // namespace sluice::wire
