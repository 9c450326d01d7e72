#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>

#include "common/base/hasher.h"
#include "common/wire/block.h"
#include "tests/unit/common/wire/fixed_keys.h"
#include "tests/unit/common/wire/forge.h"

namespace sluice::wire {
namespace {

using ::testing::HasSubstr;

const BlockPlace kPlace{SessionId(0x1122334455667788), LaneId(3), BlockNumber(42)};

Bytes zstd_of(const Bytes& raw) {
  Bytes out(ZSTD_compressBound(raw.size()));
  out.resize(ZSTD_compress(out.data(), out.size(), raw.data(), raw.size(), 1));
  return out;
}

class BlockReaderTest : public ::testing::Test {
 protected:
  // A head of one raw part of ten bytes.
  static proto::BlockHead one_part() {
    proto::BlockHead head;
    proto::BlobPart& part = *head.add_frames()->mutable_part();
    part.set_blob(std::string(32, 'x'));
    part.set_blob_size(100);
    part.set_offset(90);
    part.set_length(10);
    part.set_stored_length(10);
    return head;
  }
  static proto::BlobPart& part_of(proto::BlockHead& head) {
    return *head.mutable_frames(0)->mutable_part();
  }

  Result<Block> read(ByteView block, const BlockPlace& place = kPlace) const {
    return read_block(block, place, key_.verify_key());
  }
  // What these return must not be asked for bytes: its views end with the block made here.
  Result<Block> read(const Forged& forged) const { return read(sign(forged, kPlace, key_)); }
  Result<Block> read(const proto::BlockHead& head, const Bytes& data = Bytes(10, 1)) const {
    return read(forge(head, data));
  }
  template <class... What>
  void expect_refused(std::string_view cause, const What&... what) const {
    const auto refused = read(what...);
    ASSERT_FALSE(refused) << cause;
    EXPECT_EQ(refused.error().code, ErrorCode::kIntegrity);
    EXPECT_THAT(refused.error().message(), HasSubstr(std::string(cause)));
    EXPECT_THAT(refused.error().thing, HasSubstr("block 42 of lane 3"));
  }

  crypto::SigningKey key_ = fixed_signing_key();
};

TEST_F(BlockReaderTest, TakesAForgedBlockThatIsRight) {
  const auto block = read(one_part());
  ASSERT_TRUE(block) << block.error().message();
  EXPECT_EQ(block->parts.at(0).stored.size(), 10U);
  EXPECT_TRUE(read(proto::BlockHead(), Bytes()));  // no frames at all
}

TEST_F(BlockReaderTest, RefusesAnotherPlaceOrKey) {
  const Bytes block = sign(forge(one_part(), Bytes(10)), kPlace, key_);
  BlockPlace place = kPlace;
  place.session = SessionId(1);
  EXPECT_FALSE(read(block, place));
  place = kPlace;
  place.lane = LaneId(4);
  EXPECT_FALSE(read(block, place));
  place = kPlace;
  place.number = BlockNumber(43);
  EXPECT_FALSE(read(block, place));
  EXPECT_FALSE(read_block(block, kPlace, fixed_signing_key(1).verify_key()));
  EXPECT_TRUE(read(block));
}

TEST_F(BlockReaderTest, EveryByteButTheDataIsProtected) {
  const Bytes block = sign(forge(one_part(), Bytes(10)), kPlace, key_);
  for (std::size_t i = 0; i < block.size(); ++i) {
    Bytes bad = block;
    bad[i] ^= 1;
    // The data is bound by the blob's digest, which the assembler computes.
    const bool in_data = i >= kBlockPrefixBytes && i < kBlockPrefixBytes + 10;
    EXPECT_EQ(read(bad).has_value(), in_data) << i;
  }
}

TEST_F(BlockReaderTest, TruncatedAtEveryByteOrLongerIsRefused) {
  Bytes block = sign(forge(one_part(), Bytes(10)), kPlace, key_);
  for (std::size_t size = 0; size < block.size(); ++size) {
    EXPECT_FALSE(read(ByteView(block).first(size))) << size;
  }
  block.push_back(0);
  expect_refused("longer or shorter", block);
}

TEST_F(BlockReaderTest, PrefixMustHold) {
  const Forged good = forge(one_part(), Bytes(10));
  Forged bad = good;
  bad.magic[3] = 'X';
  expect_refused("does not begin like a block", bad);
  for (const std::uint32_t version : {0U, 2U, 0x101U, 0x1000001U}) {
    bad = good;
    bad.version_and_zero = version;
    expect_refused("version", bad);
  }
  for (const std::uint32_t length : {0U, 9U, 11U, UINT32_MAX}) {
    bad = good;
    bad.data_bytes = length;
    expect_refused("longer or shorter", bad);
  }
  bad = good;
  bad.head_bytes = limits::kMaxBlockHeadBytes + 1;
  expect_refused("head of", bad);
  bad.head_bytes = UINT32_MAX;
  expect_refused("head of", bad);
}

TEST_F(BlockReaderTest, PartsMustLieInTheirBlobAndInTheData) {
  proto::BlockHead bad = one_part();
  part_of(bad).set_blob(std::string(31, 'x'));
  expect_refused("SHA-256", bad);
  bad = one_part();
  part_of(bad).set_offset(91);
  expect_refused("lengths", bad);
  bad = one_part();
  part_of(bad).set_offset(UINT64_MAX - 5);  // offset + length wraps
  expect_refused("lengths", bad);
  bad = one_part();
  part_of(bad).set_blob_size(limits::kMaxBlobBytes + 1);
  expect_refused("lengths", bad);
  bad = one_part();
  part_of(bad).set_length(9);
  expect_refused("lengths", bad);
  bad = one_part();
  part_of(bad).set_stored_length(11);
  expect_refused("beyond its data", bad);
  part_of(bad).set_stored_length(UINT32_MAX);
  expect_refused("beyond its data", bad);
  bad = one_part();
  part_of(bad).set_length(0);
  part_of(bad).set_stored_length(0);
  expect_refused("lengths", bad, Bytes());
  expect_refused("no frame names", one_part(), Bytes(11));
}

TEST_F(BlockReaderTest, DecodedLengthsAreBounded) {
  const Bytes stored = zstd_of(Bytes(100));
  proto::BlockHead head;
  const auto add = [&](std::uint32_t length) {
    proto::BlobPart& part = *head.add_frames()->mutable_part();
    part.set_blob(std::string(32, 'x'));
    part.set_blob_size(limits::kMaxBlobBytes);
    part.set_length(length);
    part.set_encoding(proto::BlobPart::ZSTD);
  };
  add(limits::kMaxBlockBytes + 1);
  expect_refused("lengths", head, Bytes());
  head.Clear();
  for (std::uint64_t sum = 0; sum < kMaxDecodedBlockBytes; sum += limits::kMaxBlockBytes) {
    add(limits::kMaxBlockBytes);
  }
  EXPECT_TRUE(read(head, Bytes()));
  add(1);
  expect_refused("lengths", head, Bytes());
  // What is compressed and not shorter was not worth it, and no writer makes it.
  head.Clear();
  add(10);
  head.mutable_frames(0)->mutable_part()->set_stored_length(10);
  expect_refused("lengths", head, Bytes(10));
}

TEST_F(BlockReaderTest, FramesAreCountedBeforeTheyAreKept) {
  proto::BlockHead head;
  for (std::size_t i = 0; i < kMaxFramesPerBlock; ++i) {
    head.add_frames();
  }
  const auto most = read(head, Bytes());
  ASSERT_TRUE(most);
  EXPECT_EQ(most->unknown_frames, kMaxFramesPerBlock);
  head.add_frames();
  expect_refused("more than", head, Bytes());
}

TEST_F(BlockReaderTest, NewerKindsAreCountedAndLeftAlone) {
  const proto::BlockHead head = one_part();
  Forged forged = forge(head, Bytes(10));
  // A frame whose only field is number 15, and a field of the head that is not there yet.
  forged.head += std::string("\x0a\x04\x7a\x02hi\x50\x07", 8);
  forged.head_bytes = static_cast<std::uint32_t>(forged.head.size());
  const auto block = read(forged);
  ASSERT_TRUE(block) << block.error().message();
  EXPECT_EQ(block->parts.size(), 1U);
  EXPECT_EQ(block->unknown_frames, 1U);
}

TEST_F(BlockReaderTest, NewerEncodingsAreCountedAndTheirDataIsPassedOver) {
  proto::BlockHead head = one_part();
  *head.add_frames() = head.frames(0);
  part_of(head).set_encoding(static_cast<proto::BlobPart::Encoding>(7));
  Bytes data(10, 'a');
  data.insert(data.end(), 10, 'b');
  const Bytes bytes = sign(forge(head, data), kPlace, key_);
  const auto block = read(bytes);
  ASSERT_TRUE(block) << block.error().message();
  EXPECT_EQ(block->unknown_frames, 1U);
  EXPECT_TRUE(std::ranges::equal(block->parts.at(0).stored, Bytes(10, 'b')));
}

TEST_F(BlockReaderTest, NoticesMustBePossible) {
  const auto head_with = [](std::uint64_t sequence, std::size_t digest, std::uint64_t size) {
    proto::BlockHead head;
    proto::ShipmentNotice& notice = *head.add_frames()->mutable_notice();
    notice.set_sequence(sequence);
    notice.set_manifest(std::string(digest, 'm'));
    notice.set_manifest_size(size);
    return head;
  };
  EXPECT_TRUE(read(head_with(1, 32, 1), Bytes()));
  expect_refused("notice", head_with(0, 32, 1), Bytes());
  expect_refused("notice", head_with(1, 31, 1), Bytes());
  expect_refused("notice", head_with(1, 32, 0), Bytes());
  expect_refused("notice", head_with(1, 32, limits::kMaxManifestBytes + 1), Bytes());
}

TEST_F(BlockReaderTest, SignedGarbageIsRefused) {
  Forged bad = forge(one_part(), Bytes(10));
  bad.head.pop_back();
  bad.head_bytes = static_cast<std::uint32_t>(bad.head.size());
  expect_refused("cannot be parsed", bad);
  bad.head = std::string("\x0a\x02\x0a\x05", 4);  // a frame whose part is longer than the frame
  bad.head_bytes = 4;
  expect_refused("frame that cannot be parsed", bad);
}

BlobPart zstd_part(ByteView stored, std::uint32_t length) {
  BlobPart part;
  part.blob_bytes = length;
  part.length = length;
  part.zstd = true;
  part.stored = stored;
  return part;
}

TEST(DecodePart, BombsAndShortfallsAreRefusedWithinTheLength) {
  const Bytes bomb = zstd_of(Bytes(8 << 20));  // 8 MiB from some hundred bytes
  Bytes scratch;
  for (const std::uint32_t length : {1U, 1000U, (8U << 20) - 1, (8U << 20) + 1}) {
    const auto refused = decode_part(zstd_part(bomb, length), scratch);
    ASSERT_FALSE(refused) << length;
    EXPECT_EQ(refused.error().code, ErrorCode::kIntegrity);
    EXPECT_LE(scratch.size(), std::size_t{length});
  }
  EXPECT_EQ(decode_part(zstd_part(bomb, 8 << 20), scratch).value().size(), std::size_t{8} << 20);
}

TEST(DecodePart, GarbageAndTruncationAreRefused) {
  const Bytes good = zstd_of(Bytes(5000, 'q'));
  Bytes scratch;
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(decode_part(zstd_part(ByteView(good).first(size), 5000), scratch)) << size;
  }
  EXPECT_FALSE(decode_part(zstd_part(Bytes(50, 0xEE), 5000), scratch));
}

TEST(DecodePart, ScratchMayBeLargerFromBefore) {
  const Bytes large = zstd_of(Bytes(5000, 'q'));
  const Bytes small = zstd_of(Bytes(500, 'r'));
  Bytes scratch;
  EXPECT_EQ(decode_part(zstd_part(large, 5000), scratch).value().size(), 5000U);
  const auto decoded = decode_part(zstd_part(small, 500), scratch);
  EXPECT_TRUE(std::ranges::equal(decoded.value(), Bytes(500, 'r')));
}

}  // namespace
}  // namespace sluice::wire
