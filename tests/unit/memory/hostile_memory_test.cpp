// What hostile bytes cost. docs/limits.md, "Memory", has these bounds.
#include <gtest/gtest.h>

#include "common/base/hasher.h"
#include "common/wire/block.h"
#include "common/wire/envelope.h"
#include "common/wire/manifest.h"
#include "highside/receive/link_reader.h"
#include "tests/support/link_rig.h"
#include "tests/support/vectors.h"
#include "tests/unit/common/wire/fixed_keys.h"
#include "tests/unit/memory/counted.h"

namespace sluice::test {
namespace {

constexpr std::size_t kKiB = 1 << 10;
constexpr std::size_t kMiB = 1 << 20;

Bytes repeated(std::string_view once, std::size_t times) {
  Bytes bytes;
  bytes.reserve(once.size() * times);
  for (std::size_t i = 0; i < times; ++i) {
    bytes.insert(bytes.end(), once.begin(), once.end());
  }
  return bytes;
}

// Keeps nothing of what it is told.
class NoEvents final : public observe::EventSink {
 public:
  void emit(observe::Level, std::string_view, observe::Fields) override {}
};
class NoBlocks final : public high::BlockConsumer {
 public:
  void block(high::RecoveredBlock) override {}
  void lost(const high::LostBlocks&) override {}
  void heartbeat(const std::string&, const wire::Heartbeat&, UtcTime) override {}
};

class DatagramMemory : public testing::Test {
 protected:
  DatagramMemory()
      : streams_{{"lab-low", wire::fixed_signing_key().verify_key()}},
        reader_(settings_, {streams_, key_, epochs_, consumer_, clock_, counters_, events_}) {
    // Whatever is made once is made before anything is measured.
    take(vectors_of("announce").back().bytes);
  }
  void take(Bytes datagram) {
    clock_.advance(std::chrono::seconds(1));
    reader_.take(datagram);
    reader_.end_batch();
  }
  Counted::Peak cost(const Bytes& datagram) {
    Bytes copy = datagram;
    clock_.advance(std::chrono::seconds(1));
    return Counted::during([&] {
      reader_.take(copy);
      reader_.end_batch();
    });
  }
  static Bytes announce_of(ByteView payload) {
    Bytes datagram(wire::kPrefixBytes);
    wire::encode(wire::AnnounceHeader{static_cast<std::uint16_t>(payload.size())},
                 std::span<std::uint8_t, wire::kPrefixBytes>(datagram));
    datagram.insert(datagram.end(), payload.begin(), payload.end());
    return datagram;
  }

  high::ReceiveSettings settings_;
  std::vector<high::TrustedStream> streams_;
  crypto::OpeningKey key_ = wire::fixed_opening_key();
  MemoryEpochs epochs_;
  NoBlocks consumer_;
  ManualClock clock_;
  observe::Counters counters_;
  NoEvents events_;
  high::LinkReader reader_;
};

TEST_F(DatagramMemory, SymbolsAndHeartbeatsOfNoSessionCostNothing) {
  for (const Vector& vector : vectors_of("datagram")) {
    const bool of_announce = vector.bytes.size() > 4 && vector.bytes[4] == 3;
    if (!of_announce) {
      EXPECT_EQ(cost(vector.bytes).most, 0U) << vector.name;
    }
  }
}

TEST_F(DatagramMemory, AnnouncesThatNobodySignedCostLittleAndLeaveNothing) {
  const std::size_t longest = limits::kMaxDatagramBytes - wire::kPrefixBytes;
  for (const std::string_view field :
       {std::string_view("\x78\x00", 2), std::string_view("\x0a\x00", 2),
        std::string_view("\xa3\x3f\xa4\x3f", 4)}) {
    const Counted::Peak peak = cost(announce_of(repeated(field, longest / field.size())));
    EXPECT_LE(peak.most, 256 * kKiB);
    EXPECT_EQ(peak.kept, 0U);
  }
  for (const Vector& vector : vectors_of("announce")) {
    if (!vector.good()) {
      const Counted::Peak peak = cost(vector.bytes);
      EXPECT_LE(peak.most, 256 * kKiB) << vector.name;
      EXPECT_EQ(peak.kept, 0U) << vector.name;
    }
  }
}

// By somebody who has the session's key, and so was given it by the sender.
TEST_F(DatagramMemory, ASymbolOfTheLargestBlockCostsTwoBlocks) {
  take(vectors_of("announce").front().bytes);
  const fec::Geometry geometry{
      .block_bytes = limits::kMaxBlockBytes, .symbol_bytes = 100, .max_data = 200, .parity = 55};
  ASSERT_TRUE(geometry.valid());
  crypto::Sealer sealer(wire::fixed_session_key(), LaneId(0));
  const auto sealed = [&](std::uint64_t block) {
    crypto::Sealer::Ticket ticket = sealer.next();
    const wire::SymbolHeader header{LaneId(0),        SessionId(0x1122334455667788),
                                    ticket.counter(), BlockNumber(block),
                                    geometry,         0};
    Bytes datagram(wire::kSymbolHeaderBytes + geometry.symbol_bytes + wire::kTagBytes);
    const MutableByteView all(datagram);
    wire::encode(header, all.first<wire::kSymbolHeaderBytes>());
    sealer.seal(std::move(ticket), all.first(wire::kSymbolHeaderBytes),
                all.subspan(wire::kSymbolHeaderBytes, geometry.symbol_bytes),
                all.last<wire::kTagBytes>());
    return datagram;
  };
  for (std::uint64_t block = 0; block < 3; ++block) {
    const Counted::Peak peak = cost(sealed(block));
    EXPECT_GT(peak.most, 0U);
    EXPECT_LE(peak.most, 2 * limits::kMaxBlockBytes + 4 * kMiB);
  }
  // Beyond the lane's memory the oldest block's is used again.
  const Counted::Peak all = Counted::during([&] {
    for (std::uint64_t block = 3; block < 200; ++block) {
      take(sealed(block));
    }
  });
  EXPECT_LE(all.most, settings_.lane_memory);
}

class BlockMemory : public testing::Test {
 protected:
  Bytes block_of(ByteView head, bool spoil = false) const {
    Bytes statement;
    ByteWriter stated(statement);
    stated.u64(place_.session.value());
    stated.u8(place_.lane.value());
    stated.u64(place_.number.value());
    stated.bytes(sha256(head).bytes());
    Bytes block;
    ByteWriter writer(block);
    writer.bytes(as_bytes("SLBK"));
    writer.u32(1);
    writer.u32(0);
    writer.u32(static_cast<std::uint32_t>(head.size()));
    crypto::Signature signature = key_.sign(crypto::Domain::kBlock, statement);
    signature[0] ^= spoil ? 1 : 0;
    writer.bytes(signature);
    writer.bytes(head);
    return block;
  }
  std::size_t cost(const Bytes& block) const {
    return Counted::during(
               [&] { static_cast<void>(wire::read_block(block, place_, key_.verify_key())); })
        .most;
  }

  const crypto::SigningKey key_ = wire::fixed_signing_key();
  const wire::BlockPlace place_{SessionId(1), LaneId(0), BlockNumber(0)};
};

TEST_F(BlockMemory, OneThatTheSenderDidNotSignCostsAnError) {
  EXPECT_LE(cost(block_of(repeated("\x0a\x00", 2'000'000), true)), 4 * kKiB);
}

TEST_F(BlockMemory, HeadsOfTinyFramesCostNoMoreThanTheFramesThatMayBe) {
  using namespace std::string_view_literals;
  // Without a kind; a part of an empty blob; a notice; a part of unknown fields.
  const std::string_view blob = "\x0a\x24\x0a\x22\x0a\x20################################"sv;
  const std::string_view notice =
      "\x0a\x28\x12\x26\x08\x01\x12\x20################################\x18\x01"sv;
  const std::string_view unknown = "\x0a\x0a\x0a\x08\x78\x00\x78\x00\x78\x00\x78\x00"sv;
  for (const std::string_view frame : {"\x0a\x00"sv, blob, notice, unknown}) {
    const std::size_t fitting = limits::kMaxBlockHeadBytes / frame.size();
    EXPECT_LE(cost(block_of(repeated(frame, fitting))), 16 * kMiB);
  }
  // One frame as long as the head.
  const Bytes inside = repeated("\x78\x00"sv, (limits::kMaxBlockHeadBytes - 16) / 2);
  Bytes frame{0x0a};
  for (std::size_t rest = inside.size(); rest > 0; rest >>= 7) {
    frame.push_back(static_cast<std::uint8_t>((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0)));
  }
  frame.insert(frame.end(), inside.begin(), inside.end());
  EXPECT_LE(cost(block_of(frame)), 128 * kMiB);
}

TEST_F(BlockMemory, APartCostsNoMoreThanItSays) {
  for (const Vector& vector : vectors_of("block")) {
    if (vector.name != "zstd-part-of-16-mib" && vector.name != "zstd-decodes-to-more") {
      continue;
    }
    const wire::BlockPlace place{SessionId(0x1122334455667788), LaneId(0), BlockNumber(0)};
    const auto block = wire::read_block(vector.bytes, place, key_.verify_key());
    ASSERT_TRUE(block) << vector.name;
    for (const wire::BlobPart& part : block->parts) {
      Bytes scratch;
      const Counted::Peak peak =
          Counted::during([&] { static_cast<void>(wire::decode_part(part, scratch)); });
      EXPECT_LE(peak.most, part.length + 4 * kKiB) << vector.name;
    }
  }
}

class ManifestMemory : public testing::Test {
 protected:
  // A shipment whose payload goes on with these fields.
  Bytes manifest(ByteView fields) const {
    std::string payload("\x0a\x03lab\x10\x01", 7);
    payload += as_text(fields);
    const std::string envelope = wire::write_envelope(crypto::Domain::kShipment, payload, key_);
    const ByteView bytes = as_bytes(envelope);
    return {bytes.begin(), bytes.end()};
  }
  std::size_t cost(const Bytes& bytes, const crypto::VerifyKey& key) const {
    return Counted::during([&] { static_cast<void>(wire::read_manifest(bytes, key)); }).most;
  }
  std::size_t cost(const Bytes& bytes) const { return cost(bytes, key_.verify_key()); }

  const crypto::SigningKey key_ = wire::fixed_signing_key();
};

TEST_F(ManifestMemory, OneThatTheSenderDidNotSignCostsItsBytesTwice) {
  const Bytes bytes = manifest(repeated("\x78\x00", std::size_t{8} << 20));
  const auto other = wire::fixed_signing_key(0x20).verify_key();
  EXPECT_LE(cost(bytes, other), 2 * bytes.size() + 64 * kKiB);
}

TEST_F(ManifestMemory, MoreFieldsThanMayBeCostItsBytesTwice) {
  using namespace std::string_view_literals;
  for (const std::string_view field : {"\x78\x00"sv, "\x32\x00"sv, "\x3a\x00"sv, "\x28\x01"sv}) {
    const Bytes bytes = manifest(repeated(field, wire::kMaxManifestFields + 1));
    EXPECT_LE(cost(bytes), 2 * bytes.size() + 64 * kKiB);
  }
}

TEST_F(ManifestMemory, AsManyFieldsAsMayBeCostWhatTheDocumentSays) {
  using namespace std::string_view_literals;
  // Inside of one blob: evidence, aliases, unknown fields.
  for (const std::string_view field : {"\x32\x00"sv, "\x1a\x00"sv, "\x78\x00"sv}) {
    const Bytes inside = repeated(field, wire::kMaxManifestFields - 10);
    Bytes blob{0x32};
    for (std::size_t rest = inside.size(); rest > 0; rest >>= 7) {
      blob.push_back(static_cast<std::uint8_t>((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0)));
    }
    blob.insert(blob.end(), inside.begin(), inside.end());
    const Bytes bytes = manifest(blob);
    const std::size_t most = cost(bytes);
    EXPECT_GT(most, bytes.size());
    EXPECT_LE(most, 512 * kMiB);
  }
}

}  // namespace
}  // namespace sluice::test
