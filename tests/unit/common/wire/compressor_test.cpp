#include "common/wire/compressor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace sluice::wire {
namespace {

Bytes random_bytes(std::size_t count) {
  std::mt19937_64 random(count);
  Bytes bytes(count);
  std::ranges::generate(bytes, [&] { return static_cast<std::uint8_t>(random()); });
  return bytes;
}

Bytes text_bytes(std::size_t count) {
  std::mt19937_64 random(count);
  Bytes bytes(count);
  std::ranges::generate(bytes, [&] { return static_cast<std::uint8_t>('a' + random() % 8); });
  return bytes;
}

TEST(Compressor, TextBecomesShorterAndComesBack) {
  Compressor compressor(1);
  for (const std::size_t count : {200U, 5'000U, 100'000U, 3'000'000U}) {
    const Bytes raw = text_bytes(count);
    Bytes out(raw.size());
    const auto size = compressor.try_compress(raw, out);
    ASSERT_TRUE(size) << count;
    EXPECT_LT(*size, raw.size());
    Bytes back(raw.size());
    EXPECT_TRUE(decompress(ByteView(out).first(*size), back));
    EXPECT_EQ(back, raw);
  }
}

TEST(Compressor, WhatDoesNotShrinkIsLeftAlone) {
  Compressor compressor(1);
  for (const std::size_t count : {0U, 1U, 127U, 5'000U, 100'000U, 1'000'000U}) {
    Bytes out(count);
    EXPECT_FALSE(compressor.try_compress(random_bytes(count), out)) << count;
  }
}

TEST(Compressor, ATextualBeginningDoesNotMakeItLonger) {
  Compressor compressor(1);
  Bytes raw = text_bytes(10'000);
  const Bytes tail = random_bytes(1'000'000);
  raw.insert(raw.end(), tail.begin(), tail.end());
  Bytes out(raw.size());
  EXPECT_FALSE(compressor.try_compress(raw, out));
}

TEST(Compressor, OnlyTheProbeIsCompressedOfWhatBeginsIncompressible) {
  Compressor compressor(1);
  Bytes raw = random_bytes(100'000);
  raw.resize(4'000'000);  // a long run of zeros that the probe does not see
  Bytes out(raw.size());
  EXPECT_FALSE(compressor.try_compress(raw, out));
}

TEST(Compressor, CompressedFormatsAreKnownByTheirBeginning) {
  Compressor compressor(1);
  for (const std::string_view beginning : {std::string_view("\x1f\x8b\x08\x00", 4),
                                           std::string_view("\xfd"
                                                            "7zXZ\x00",
                                                            6),
                                           std::string_view("!<arch>\ndebian-binary   ")}) {
    Bytes raw = text_bytes(10'000);
    Bytes out(raw.size());
    EXPECT_TRUE(compressor.try_compress(raw, out));
    std::ranges::copy(as_bytes(beginning), raw.begin());
    EXPECT_FALSE(compressor.try_compress(raw, out)) << beginning;
  }
  Bytes archive = text_bytes(10'000);  // a static library is an ar archive too, and compressible
  std::ranges::copy(as_bytes("!<arch>\n/       "), archive.begin());
  Bytes out(archive.size());
  EXPECT_TRUE(compressor.try_compress(archive, out));
}

TEST(Compressor, LevelZeroNeverCompresses) {
  Compressor compressor(0);
  Bytes out(100'000);
  EXPECT_FALSE(compressor.try_compress(text_bytes(100'000), out));
}

TEST(Decompress, NeverWritesBeyondWhatItIsGiven) {
  Compressor compressor(1);
  const Bytes raw(1'000'000, 'a');
  Bytes out(raw.size());
  const auto size = compressor.try_compress(raw, out);
  ASSERT_TRUE(size);
  const ByteView bomb = ByteView(out).first(*size);
  Bytes room(2000, 0x55);
  EXPECT_FALSE(decompress(bomb, MutableByteView(room).first(1000)));
  EXPECT_TRUE(std::ranges::all_of(ByteView(room).subspan(1000), [](auto b) { return b == 0x55; }));
  Bytes larger(raw.size() + 1);
  EXPECT_FALSE(decompress(bomb, larger));
  EXPECT_FALSE(decompress(bomb.first(bomb.size() - 1), out));
  EXPECT_FALSE(decompress({}, room));
  EXPECT_FALSE(decompress(Bytes(100, 7), room));
}

}  // namespace
}  // namespace sluice::wire
