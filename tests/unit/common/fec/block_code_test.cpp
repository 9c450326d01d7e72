#include "common/fec/block_code.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "common/base/limits.h"

namespace sluice::fec {
namespace {

using Random = std::mt19937_64;

std::uint32_t draw(Random& random, std::uint32_t low, std::uint32_t high) {
  return std::uniform_int_distribution<std::uint32_t>(low, high)(random);
}

// A block of random bytes, cut and protected.
struct Sent {
  Geometry geometry;
  Bytes block;
  Bytes symbols;  // all of them, in the order of sending

  ByteView symbol(std::uint32_t ordinal) const {
    return ByteView(symbols).subspan(std::size_t{ordinal} * geometry.symbol_bytes,
                                     geometry.symbol_bytes);
  }
};

Sent make_sent(const Geometry& geometry, Random& random, Encoder& encoder) {
  Sent sent{geometry, Bytes(geometry.block_bytes), {}};
  std::ranges::generate(sent.block, [&] { return static_cast<std::uint8_t>(random()); });
  sent.symbols.resize(std::size_t{geometry.total_symbols()} * geometry.symbol_bytes);
  std::ranges::copy(sent.block, sent.symbols.begin());
  const std::size_t data_bytes = std::size_t{geometry.data_symbols()} * geometry.symbol_bytes;
  encoder.encode(geometry, ByteView(sent.symbols).first(data_bytes),
                 MutableByteView(sent.symbols).subspan(data_bytes));
  return sent;
}

std::uint32_t codeword_of(const Geometry& geometry, std::uint32_t ordinal) {
  const std::uint32_t data = geometry.data_symbols();
  return (ordinal < data ? ordinal : ordinal - data) % geometry.codewords();
}

// Ordinals of each codeword, in random order.
std::vector<std::vector<std::uint32_t>> shuffled_codewords(const Geometry& geometry,
                                                           Random& random) {
  std::vector<std::vector<std::uint32_t>> codewords(geometry.codewords());
  for (std::uint32_t n = 0; n < geometry.total_symbols(); ++n) {
    codewords[codeword_of(geometry, n)].push_back(n);
  }
  for (auto& ordinals : codewords) {
    std::ranges::shuffle(ordinals, random);
  }
  return codewords;
}

Geometry random_geometry(Random& random) {
  Geometry geometry;
  geometry.symbol_bytes = static_cast<std::uint16_t>(draw(random, 1, 300));
  geometry.max_data = static_cast<std::uint8_t>(draw(random, 1, limits::kMaxDataSymbols));
  geometry.parity = static_cast<std::uint8_t>(draw(random, 0, limits::kMaxParitySymbols));
  geometry.block_bytes = draw(random, 1, 30'000);
  return geometry;
}

void expect_recovers(const Sent& sent, const std::vector<std::uint32_t>& arriving,
                     Decoder& decoder) {
  decoder.reset(sent.geometry);
  std::uint32_t data_arrived = 0;
  for (const std::uint32_t ordinal : arriving) {
    const Decoder::Added added = decoder.add(ordinal, sent.symbol(ordinal));
    ASSERT_NE(added, Decoder::Added::kDuplicate);
    data_arrived += ordinal < sent.geometry.data_symbols() ? 1 : 0;
  }
  ASSERT_TRUE(decoder.complete());
  const Decoder::Block block = decoder.finish();
  EXPECT_EQ(block.recovered, sent.geometry.data_symbols() - data_arrived);
  EXPECT_TRUE(std::ranges::equal(block.bytes, sent.block));
}

TEST(Geometry, DealsDataSymbolsEvenly) {
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    const Geometry geometry = random_geometry(random);
    ASSERT_TRUE(geometry.valid());
    std::uint32_t sum = 0;
    std::uint32_t smallest = UINT32_MAX;
    std::uint32_t largest = 0;
    for (std::uint32_t c = 0; c < geometry.codewords(); ++c) {
      const std::uint32_t count = geometry.data_in_codeword(c);
      sum += count;
      smallest = std::min(smallest, count);
      largest = std::max(largest, count);
    }
    EXPECT_EQ(sum, geometry.data_symbols());
    EXPECT_LE(largest - smallest, 1U);
    EXPECT_LE(largest, geometry.max_data);
    EXPECT_EQ(geometry.total_symbols(), sum + geometry.parity * geometry.codewords());
  }
}

TEST(Geometry, RefusesEachFieldOutsideItsLimit) {
  const Geometry good{1 << 20, 1400, 64, 8};
  ASSERT_TRUE(good.valid());
  struct Case {
    const char* what;
    Geometry geometry;
  };
  const std::uint8_t over_data = limits::kMaxDataSymbols + 1;
  const std::uint8_t over_parity = limits::kMaxParitySymbols + 1;
  const std::uint32_t over_block = limits::kMaxBlockBytes + 1;
  const std::uint16_t over_symbol = limits::kMaxDatagramBytes + 1;
  for (const Case& bad : {Case{"no bytes", {0, 1400, 64, 8}},
                          {"block too long", {over_block, 1400, 64, 8}},
                          {"block of 4 GiB", {UINT32_MAX, 1400, 64, 8}},
                          {"no symbol bytes", {1 << 20, 0, 64, 8}},
                          {"symbol too long", {1 << 20, over_symbol, 64, 8}},
                          {"no data symbols", {1 << 20, 1400, 0, 8}},
                          {"too many data symbols", {1 << 20, 1400, over_data, 8}},
                          {"too much parity", {1 << 20, 1400, 64, over_parity}},
                          {"too many symbols", {1 << 20, 1, 64, 8}},
                          {"too many symbols by parity", {1 << 20, 100, 1, 55}}}) {
    EXPECT_FALSE(bad.geometry.valid()) << bad.what;
  }
  EXPECT_TRUE((Geometry{limits::kMaxBlockBytes, limits::kMaxDatagramBytes, limits::kMaxDataSymbols,
                        limits::kMaxParitySymbols})
                  .valid());
  EXPECT_TRUE((Geometry{kMaxSymbolsPerBlock, 1, 200, 0}).valid());
  EXPECT_FALSE((Geometry{kMaxSymbolsPerBlock + 1, 1, 200, 0}).valid());
}

TEST(BlockCode, RecoversFromAsManyLossesAsThereIsParity) {
  Random random(2);
  Encoder encoder;
  Decoder decoder;
  for (int round = 0; round < 200; ++round) {
    const Sent sent = make_sent(random_geometry(random), random, encoder);
    std::vector<std::uint32_t> arriving;
    for (const auto& ordinals : shuffled_codewords(sent.geometry, random)) {
      const std::uint32_t lost = draw(random, 0, sent.geometry.parity);
      arriving.insert(arriving.end(), ordinals.begin() + lost, ordinals.end());
    }
    std::ranges::shuffle(arriving, random);
    expect_recovers(sent, arriving, decoder);
    if (HasFatalFailure()) {
      FAIL() << "round " << round;
    }
  }
}

TEST(BlockCode, RecoversWhenAllParityMustReplaceData) {
  Random random(3);
  Encoder encoder;
  Decoder decoder;
  for (int round = 0; round < 60; ++round) {
    const Sent sent = make_sent(random_geometry(random), random, encoder);
    // The first data symbols of each codeword are lost, as many as parity allows.
    const std::uint32_t gone = sent.geometry.parity * sent.geometry.codewords();
    std::vector<std::uint32_t> arriving;
    for (std::uint32_t n = std::min(gone, sent.geometry.data_symbols());
         n < sent.geometry.total_symbols(); ++n) {
      arriving.push_back(n);
    }
    expect_recovers(sent, arriving, decoder);
  }
}

TEST(BlockCode, OneMoreLossInAnyCodewordIsNotComplete) {
  Random random(4);
  Encoder encoder;
  for (int round = 0; round < 100; ++round) {
    const Sent sent = make_sent(random_geometry(random), random, encoder);
    const auto codewords = shuffled_codewords(sent.geometry, random);
    const std::uint32_t unlucky = draw(random, 0, sent.geometry.codewords() - 1);
    Decoder decoder;
    decoder.reset(sent.geometry);
    for (std::uint32_t c = 0; c < codewords.size(); ++c) {
      const std::uint32_t lost = sent.geometry.parity + (c == unlucky ? 1 : 0);
      for (const std::uint32_t ordinal : std::span(codewords[c]).subspan(lost)) {
        decoder.add(ordinal, sent.symbol(ordinal));
      }
    }
    ASSERT_FALSE(decoder.complete());
    const std::uint32_t saving = codewords[unlucky].front();
    EXPECT_EQ(decoder.add(saving, sent.symbol(saving)), Decoder::Added::kNew);
    ASSERT_TRUE(decoder.complete());
    EXPECT_TRUE(std::ranges::equal(decoder.finish().bytes, sent.block));
  }
}

TEST(BlockCode, ShortenedCodewordsUseTheirOwnMatrix) {
  Random random(5);
  Encoder encoder;
  // 7 data symbols in 3 codewords: 3, 2 and 2.
  const Sent sent = make_sent({70, 10, 3, 2}, random, encoder);
  ASSERT_EQ(sent.geometry.data_in_codeword(0), 3U);
  ASSERT_EQ(sent.geometry.data_in_codeword(2), 2U);
  Decoder decoder;
  expect_recovers(sent, {6, 7, 8, 9, 10, 11, 12}, decoder);
}

TEST(BlockCode, ParityOfASmallCodeIsWhatTheProtocolSays) {
  // One byte a symbol, 2 + 2: parity p is the sum of inverse((2 + p) xor j) × data j in GF(2^8).
  // inverse(2) = 0x8e, inverse(3) = 0xf4.
  Encoder encoder;
  Bytes parity(2);
  const auto parity_of = [&](Bytes data) {
    encoder.encode({2, 1, 2, 2}, data, parity);
    return parity;
  };
  EXPECT_EQ(parity_of({1, 0}), (Bytes{0x8e, 0xf4}));
  EXPECT_EQ(parity_of({0, 1}), (Bytes{0xf4, 0x8e}));
  EXPECT_EQ(parity_of({1, 1}), (Bytes{0x8e ^ 0xf4, 0x8e ^ 0xf4}));
}

TEST(Decoder, CountsDuplicatesOnceAndLeavesSpareParityAlone) {
  Random random(6);
  Encoder encoder;
  const Sent sent = make_sent({40, 10, 4, 2}, random, encoder);
  Decoder decoder;
  decoder.reset(sent.geometry);
  EXPECT_EQ(decoder.add(0, sent.symbol(0)), Decoder::Added::kNew);
  EXPECT_EQ(decoder.add(0, sent.symbol(0)), Decoder::Added::kDuplicate);
  EXPECT_EQ(decoder.add(4, sent.symbol(4)), Decoder::Added::kNew);
  EXPECT_EQ(decoder.add(4, sent.symbol(4)), Decoder::Added::kDuplicate);
  EXPECT_EQ(decoder.add(1, sent.symbol(1)), Decoder::Added::kNew);
  EXPECT_FALSE(decoder.complete());
  EXPECT_EQ(decoder.add(2, sent.symbol(2)), Decoder::Added::kNew);
  EXPECT_TRUE(decoder.complete());
  EXPECT_EQ(decoder.add(5, sent.symbol(5)), Decoder::Added::kNotNeeded);
  EXPECT_EQ(decoder.symbols_received(), 4U);
  // Late data is taken: then nothing has to be computed.
  EXPECT_EQ(decoder.add(3, sent.symbol(3)), Decoder::Added::kNew);
  const Decoder::Block block = decoder.finish();
  EXPECT_EQ(block.recovered, 0U);
  EXPECT_TRUE(std::ranges::equal(block.bytes, sent.block));
}

TEST(Decoder, KeepsNothingOfTheBlockBefore) {
  Random random(7);
  Encoder encoder;
  Decoder decoder;
  const Sent large = make_sent({5000, 100, 10, 3}, random, encoder);
  decoder.reset(large.geometry);
  for (std::uint32_t n = 20; n < large.geometry.total_symbols(); ++n) {
    decoder.add(n, large.symbol(n));
  }
  const Sent small = make_sent({333, 50, 3, 1}, random, encoder);
  std::vector<std::uint32_t> arriving(small.geometry.total_symbols());
  std::iota(arriving.begin(), arriving.end(), 0);
  arriving.erase(arriving.begin());
  expect_recovers(small, arriving, decoder);
}

TEST(Decoder, ReleasesTheBlockItself) {
  Random random(8);
  Encoder encoder;
  const Sent sent = make_sent({1005, 100, 4, 2}, random, encoder);
  Decoder decoder;
  std::vector<std::uint32_t> arriving(sent.geometry.total_symbols());
  std::iota(arriving.begin(), arriving.end(), 0);
  arriving.erase(arriving.begin() + 2, arriving.begin() + 5);
  expect_recovers(sent, arriving, decoder);
  EXPECT_EQ(decoder.release(), sent.block);
  expect_recovers(sent, arriving, decoder);
}

TEST(DecoderDeathTest, AbortsOnWhatItsCallerMustHaveChecked) {
  Decoder decoder;
  EXPECT_DEATH(decoder.reset(Geometry{}), "valid");
  decoder.reset({40, 10, 4, 2});
  const Bytes symbol(10);
  EXPECT_DEATH(decoder.add(6, symbol), "ordinal");
  EXPECT_DEATH(decoder.add(0, ByteView(symbol).first(9)), "symbol");
  EXPECT_DEATH(decoder.finish(), "complete");
}

TEST(Decoder, TakesSymbolsThatLieInPlaceAndForgetsWhatWasScribbledThere) {
  Random random(11);
  Encoder encoder;
  const Geometry geometry{20'000, 100, 20, 4};
  const Sent sent = make_sent(geometry, random, encoder);
  const std::uint32_t data = geometry.data_symbols();
  Decoder decoder;
  decoder.reset(geometry, Bytes(77, 0xEE));  // used memory, whatever it holds
  for (std::uint32_t ordinal = 0; ordinal < geometry.total_symbols(); ++ordinal) {
    const MutableByteView place = decoder.place(ordinal);
    EXPECT_EQ(place.size(), ordinal < data ? geometry.symbol_bytes : 0U);
    if (ordinal < geometry.codewords()) {
      std::ranges::fill(place, std::uint8_t{0xEE});  // and is then lost
      continue;
    }
    const ByteView symbol = sent.symbol(ordinal);
    std::ranges::copy(symbol.first(place.size()), place.begin());
    EXPECT_EQ(decoder.add(ordinal, place.empty() ? symbol : place), Decoder::Added::kNew);
    EXPECT_TRUE(decoder.place(ordinal).empty());
    if (decoder.complete()) {
      break;
    }
  }
  ASSERT_TRUE(decoder.complete());
  const Decoder::Block block = decoder.finish();
  EXPECT_EQ(block.recovered, geometry.codewords());
  EXPECT_TRUE(std::ranges::equal(block.bytes, sent.block));
}

}  // namespace
}  // namespace sluice::fec
