#include <gtest/gtest.h>

#include <random>

#include "common/base/hasher.h"
#include "common/wire/announce.h"
#include "common/wire/block.h"

namespace sluice::wire {
namespace {

TEST(Block, CarriesPartsAndNotices) {
  const auto key = crypto::SigningKey::generate();
  const BlockPlace place{SessionId(7), LaneId(1), BlockNumber(2)};
  BlockWriter writer(1 << 20);
  Bytes random_bytes(100'000);
  std::mt19937_64 random(1);
  for (auto& byte : random_bytes) byte = static_cast<std::uint8_t>(random());
  const Bytes text(100'000, 'a');
  for (int round = 0; round < 2; ++round) {
    writer.add_part(sha256(random_bytes), random_bytes.size(), 0, random_bytes);
    writer.add_part(sha256(text), text.size(), 0, text);
    writer.add_notice({ShipmentSequence(5), sha256(text), 9, 1});
    const ByteView block = writer.finish(place, key);
    EXPECT_LT(block.size(), 110'000U);
    const auto read = read_block(block, place, key.verify_key());
    ASSERT_TRUE(read) << read.error().message();
    ASSERT_EQ(read->parts.size(), 2U);
    EXPECT_FALSE(read->parts[0].zstd);
    EXPECT_TRUE(read->parts[1].zstd);
    Bytes scratch;
    EXPECT_TRUE(std::ranges::equal(decode_part(read->parts[0], scratch).value(), random_bytes));
    EXPECT_TRUE(std::ranges::equal(decode_part(read->parts[1], scratch).value(), text));
    ASSERT_EQ(read->notices.size(), 1U);
    EXPECT_EQ(read->notices[0].sequence, ShipmentSequence(5));
  }
}

}  // namespace
}  // namespace sluice::wire
