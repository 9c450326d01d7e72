#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "common/base/hasher.h"
#include "common/wire/block.h"
#include "tests/unit/common/wire/fixed_keys.h"

namespace sluice::wire {
namespace {

const BlockPlace kPlace{SessionId(0x1122334455667788), LaneId(3), BlockNumber(42)};

Bytes random_bytes(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Bytes bytes(count);
  std::ranges::generate(bytes, [&] { return static_cast<std::uint8_t>(random()); });
  return bytes;
}

class BlockWriterTest : public ::testing::Test {
 protected:
  Block read(ByteView bytes) const {
    auto block = read_block(bytes, kPlace, key_.verify_key());
    EXPECT_TRUE(block) << (block ? "" : block.error().message());
    return block ? std::move(*block) : Block();
  }

  crypto::SigningKey key_ = fixed_signing_key();
};

TEST_F(BlockWriterTest, FramesComeBackFieldByField) {
  BlockWriter writer(1 << 20);
  const Bytes noise = random_bytes(100'000, 1);
  const Bytes text(100'000, 'a');
  EXPECT_TRUE(writer.empty());
  writer.add_part(sha256(noise), noise.size() + 77, 77, noise);
  EXPECT_FALSE(writer.empty());
  writer.add_part(sha256(text), 1'000'000, 5, text);
  writer.add_notice({ShipmentSequence(9), sha256(text), 1234, 2});
  const Bytes bytes = [&] {
    const ByteView block = writer.finish(kPlace, key_);
    return Bytes(block.begin(), block.end());
  }();
  EXPECT_TRUE(writer.empty());

  const Block block = read(bytes);
  ASSERT_EQ(block.parts.size(), 2U);
  EXPECT_EQ(block.parts[0].blob, sha256(noise));
  EXPECT_EQ(block.parts[0].blob_bytes, noise.size() + 77);
  EXPECT_EQ(block.parts[0].offset, 77U);
  EXPECT_EQ(block.parts[0].length, noise.size());
  EXPECT_FALSE(block.parts[0].zstd);
  EXPECT_EQ(block.parts[1].blob_bytes, 1'000'000U);
  EXPECT_EQ(block.parts[1].offset, 5U);
  EXPECT_EQ(block.parts[1].length, text.size());
  EXPECT_TRUE(block.parts[1].zstd);
  EXPECT_LT(block.parts[1].stored.size(), 1000U);
  Bytes scratch;
  EXPECT_TRUE(std::ranges::equal(decode_part(block.parts[0], scratch).value(), noise));
  EXPECT_TRUE(scratch.empty());  // what is stored as it is, is not copied
  EXPECT_TRUE(std::ranges::equal(decode_part(block.parts[1], scratch).value(), text));
  ASSERT_EQ(block.notices.size(), 1U);
  EXPECT_EQ(block.notices[0].sequence, ShipmentSequence(9));
  EXPECT_EQ(block.notices[0].manifest, sha256(text));
  EXPECT_EQ(block.notices[0].manifest_bytes, 1234U);
  EXPECT_EQ(block.notices[0].pass, 2U);
  EXPECT_EQ(block.unknown_frames, 0U);
}

TEST_F(BlockWriterTest, ReservedPartsAreTheSameBlock) {
  const Bytes noise = random_bytes(50'000, 2);
  const Bytes text(70'000, 'b');
  BlockWriter copying(1 << 20);
  BlockWriter reading(1 << 20);
  for (const Bytes* raw : {&noise, &text, &text, &noise, &noise}) {  // each after each
    copying.add_part(sha256(*raw), raw->size(), 0, *raw);
    const MutableByteView place = reading.reserve(60'000 + raw->size() / 7);
    const std::size_t count = std::min(place.size(), raw->size());
    std::copy_n(raw->begin(), count, place.begin());
    ASSERT_EQ(count, raw->size());
    reading.add_reserved(sha256(*raw), raw->size(), 0, count);
  }
  EXPECT_TRUE(std::ranges::equal(reading.finish(kPlace, key_), copying.finish(kPlace, key_)));
}

TEST_F(BlockWriterTest, KeepsNothingOfTheBlockBefore) {
  BlockWriter writer(limits::kMinBlockBytes);
  const Bytes noise = random_bytes(20'000, 3);
  const auto fill = [&] {
    writer.add_part(sha256(noise), noise.size(), 0, noise);
    writer.add_notice({ShipmentSequence(1), sha256(noise), 1, 0});
    const ByteView block = writer.finish(kPlace, key_);
    return Bytes(block.begin(), block.end());
  };
  const Bytes first = fill();
  writer.add_notice({ShipmentSequence(2), sha256(noise), 1, 0});
  writer.finish(kPlace, key_);
  EXPECT_EQ(fill(), first);
}

TEST_F(BlockWriterTest, RoomIsWhatFitsAndTheCapacityHolds) {
  std::mt19937_64 random(4);
  BlockWriter writer(limits::kMinBlockBytes);
  const Bytes noise = random_bytes(limits::kMinBlockBytes, 5);
  for (int round = 0; round < 30; ++round) {
    std::size_t frames = 0;
    while (writer.room() > 0) {
      if (random() % 3 == 0) {
        writer.add_notice(
            {ShipmentSequence(UINT64_MAX), Sha256Digest(), limits::kMaxManifestBytes, UINT32_MAX});
      } else {
        const std::size_t count = std::min<std::size_t>(writer.room(), 1 + random() % 5000);
        writer.add_part(Sha256Digest(), limits::kMaxBlobBytes, limits::kMaxBlobBytes - count,
                        ByteView(noise).first(count));
      }
      ++frames;
    }
    const ByteView bytes = writer.finish(kPlace, key_);
    EXPECT_LE(bytes.size(), limits::kMinBlockBytes);
    EXPECT_GT(bytes.size(), limits::kMinBlockBytes - 2 * kMaxFrameBytes);
    const Block block = read(bytes);
    EXPECT_EQ(block.parts.size() + block.notices.size(), frames);
  }
}

TEST_F(BlockWriterTest, OnePartMayTakeAllTheRoom) {
  BlockWriter writer(limits::kMaxBlockBytes);
  const Bytes noise = random_bytes(writer.room(), 6);
  writer.add_part(sha256(noise), noise.size(), 0, noise);
  EXPECT_EQ(writer.room(), 0U);
  const Block block = read(writer.finish(kPlace, key_));
  EXPECT_TRUE(std::ranges::equal(block.parts.at(0).stored, noise));
}

TEST_F(BlockWriterTest, DecodedBytesAreBounded) {
  BlockWriter writer(limits::kMaxBlockBytes);
  const Bytes zeros(8 << 20);
  std::uint64_t decoded = 0;
  while (writer.room() > 0) {
    const std::size_t count = std::min(writer.room(), zeros.size());
    writer.add_part(Sha256Digest(), limits::kMaxBlobBytes, 0, ByteView(zeros).first(count));
    decoded += count;
  }
  EXPECT_EQ(decoded, kMaxDecodedBlockBytes);
  const ByteView bytes = writer.finish(kPlace, key_);
  EXPECT_LT(bytes.size(), 100'000U);
  read(bytes);
}

TEST_F(BlockWriterTest, FramesAreBounded) {
  BlockWriter writer(limits::kMaxBlockBytes);
  std::size_t frames = 0;
  for (; writer.room() > 0; ++frames) {
    writer.add_part(Sha256Digest(), 1, 0, Bytes{1});
  }
  EXPECT_EQ(frames, kMaxFramesPerBlock);
  EXPECT_EQ(read(writer.finish(kPlace, key_)).parts.size(), kMaxFramesPerBlock);
}

TEST_F(BlockWriterTest, EmptyBlobsTravelAsEmptyParts) {
  BlockWriter writer(limits::kMinBlockBytes);
  writer.add_part(sha256({}), 0, 0, {});
  const Block block = read(writer.finish(kPlace, key_));
  ASSERT_EQ(block.parts.size(), 1U);
  EXPECT_EQ(block.parts[0].length, 0U);
}

TEST_F(BlockWriterTest, PaddingIsZerosUpToASymbol) {
  BlockWriter writer(limits::kMinBlockBytes);
  const Bytes noise = random_bytes(60'000, 7);
  writer.add_part(sha256(noise), noise.size(), 0, noise);
  writer.finish(kPlace, key_);
  writer.add_part(sha256(noise), noise.size(), 0, ByteView(noise).first(10'000));
  const ByteView block = writer.finish(kPlace, key_);
  for (const std::size_t symbol : {std::size_t{1}, std::size_t{1412}, limits::kMaxDatagramBytes}) {
    const ByteView padded = writer.padded(symbol);
    EXPECT_EQ(padded.size() % symbol, 0U);
    EXPECT_LT(padded.size() - block.size(), symbol);
    EXPECT_TRUE(std::ranges::equal(padded.first(block.size()), block));
    EXPECT_TRUE(std::ranges::all_of(padded.subspan(block.size()), [](auto b) { return b == 0; }));
  }
}

TEST_F(BlockWriterTest, LevelZeroStoresAsItIs) {
  BlockWriter writer(1 << 20, 0);
  const Bytes text(100'000, 'a');
  writer.add_part(sha256(text), text.size(), 0, text);
  EXPECT_FALSE(read(writer.finish(kPlace, key_)).parts.at(0).zstd);
}

TEST_F(BlockWriterTest, CompressesOnlyWhileItIsTold) {
  BlockWriter writer(1 << 20);
  const Bytes text(70'000, 'd');
  const auto add = [&] {
    std::ranges::copy(text, writer.reserve(text.size()).begin());
    writer.add_reserved(sha256(text), text.size(), 0, text.size());
  };
  for (const bool on : {true, false, false, true, true}) {  // each after each
    writer.set_compressing(on);
    add();
  }
  writer.set_compressing(false);
  writer.add_part(sha256(text), text.size(), 0, text);
  const Bytes bytes = [&] {
    const ByteView block = writer.finish(kPlace, key_);
    return Bytes(block.begin(), block.end());
  }();
  std::vector<bool> compressed;
  Bytes scratch;
  for (const BlobPart& part : read(bytes).parts) {
    compressed.push_back(part.zstd);
    EXPECT_TRUE(std::ranges::equal(decode_part(part, scratch).value(), text));
  }
  EXPECT_EQ(compressed, (std::vector<bool>{true, false, false, true, true, false}));
}

TEST(BlockWriterDeathTest, AbortsOnWhatItsCallerMustHaveChecked) {
  BlockWriter writer(limits::kMinBlockBytes);
  const Bytes bytes(limits::kMinBlockBytes);
  EXPECT_DEATH(writer.add_part(Sha256Digest(), bytes.size(), 0, bytes), "room");
  EXPECT_DEATH(writer.add_part(Sha256Digest(), 10, 5, ByteView(bytes).first(6)), "length");
  EXPECT_DEATH(writer.add_part(Sha256Digest(), 10, 5, {}), "length");
  EXPECT_DEATH(writer.add_reserved(Sha256Digest(), 10, 0, 1), "reserved");
  EXPECT_DEATH(BlockWriter(limits::kMaxBlockBytes + 1), "capacity");
}

}  // namespace
}  // namespace sluice::wire
