// What a receiver does with one datagram after another, and what a sender makes of the same fields.
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "tests/support/vectors.h"
#include "tests/unit/vectors/receiver.h"

namespace sluice::test {
namespace {

json::array shown(const RecordedBlocks& received, const json::array& expected) {
  // The receiver's consumer keeps no lanes: they are those that the vector expects.
  json::array blocks;
  for (const json::value& block : expected) {
    const RecordedBlocks::Place place{block.at("session").to_number<std::uint64_t>(),
                                      block.at("number").to_number<std::uint64_t>()};
    const auto found = received.blocks.find(place);
    blocks.push_back({{"session", place.first},
                      {"lane", block.at("lane")},
                      {"number", place.second},
                      {"bytes", found == received.blocks.end() ? "" : hex_encode(found->second)}});
  }
  return blocks;
}

TEST(LinkVectors, EachDatagramIsCountedAndBlocksComeOut) {
  for (const Vector& vector : vectors_of("link")) {
    SCOPED_TRACE(vector.name);
    Receiver receiver;
    std::size_t number = 0;
    for (const json::value& step : vector.all.at("steps").as_array()) {
      SCOPED_TRACE("step " + std::to_string(++number));
      json::array counted;
      for (const std::string& name : receiver.take(bytes_of(step.at("bytes")))) {
        counted.push_back(json::string(name));
      }
      expect_fields(step.at("counted"), counted);
    }
    const json::array& expected = vector.all.at("blocks").as_array();
    expect_fields(expected, shown(receiver.received, expected));
    EXPECT_EQ(receiver.received.blocks.empty(), expected.empty());
  }
}

// Opens a sealed datagram and seals its text again under the same counter.
void expect_sealed_alike(const Bytes& datagram, LaneId lane, std::uint64_t counter,
                         std::size_t header_bytes) {
  Bytes opened = datagram;
  const MutableByteView all(opened);
  const MutableByteView text =
      all.subspan(header_bytes, datagram.size() - header_bytes - crypto::kTagBytes);
  ASSERT_TRUE(
      crypto::Opener(wire::fixed_session_key())
          .open(lane, counter, all.first(header_bytes), text, all.last<crypto::kTagBytes>()));
  crypto::Sealer sealer(wire::fixed_session_key(), lane);
  for (std::uint64_t i = 1; i < counter; ++i) {
    sealer.next();
  }
  sealer.seal(sealer.next(), all.first(header_bytes), text, all.last<crypto::kTagBytes>());
  EXPECT_EQ(opened, datagram);
}

TEST(LinkVectors, TheSealerMakesTheSameBytes) {
  std::size_t sealed = 0;
  for (const Vector& vector : vectors_of("link")) {
    if (vector.name != "block-without-loss" && vector.name != "blocks-of-two-lanes-mixed") {
      continue;
    }
    SCOPED_TRACE(vector.name);
    for (const json::value& step : vector.all.at("steps").as_array()) {
      const Bytes datagram = bytes_of(step.at("bytes"));
      const auto header = std::get<wire::Header>(wire::parse(datagram));
      if (const auto* symbol = std::get_if<wire::SymbolHeader>(&header)) {
        expect_sealed_alike(datagram, symbol->lane, symbol->counter, wire::kSymbolHeaderBytes);
        ++sealed;
      } else if (const auto* beat = std::get_if<wire::HeartbeatHeader>(&header)) {
        expect_sealed_alike(datagram, beat->lane, beat->counter, wire::kSealedHeaderBytes);
        ++sealed;
      }
    }
  }
  EXPECT_EQ(sealed, 11U);
}

}  // namespace
}  // namespace sluice::test
