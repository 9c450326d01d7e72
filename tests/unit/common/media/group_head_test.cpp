#include "common/media/group_head.h"

#include <gtest/gtest.h>

#include "common/media/layout.h"

namespace sluice::media {
namespace {

GroupHead example() {
  return {.stream = "lab-low",
          .bundle = 1'780'000'000,
          .volume = 2,
          .group = 3,
          .last = true,
          .sector = 77,
          .files = 24,
          .heads = 1,
          .session = SessionId(0x0102030405060708),
          .blocks = {4'194'304, 1000, 80}};
}

class GroupHeadTest : public ::testing::Test {
 protected:
  crypto::SigningKey key_ = crypto::SigningKey::generate();
  Bytes announce_ = Bytes(300, 0x5a);
  Bytes sector_ = write_head(example(), 5, announce_, key_);
};

TEST_F(GroupHeadTest, EveryFieldComesBack) {
  ASSERT_EQ(sector_.size(), kSectorBytes);
  const auto read = read_head(sector_);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->head, example());
  EXPECT_EQ(read->file, 5);
  EXPECT_EQ(read->announce, announce_);
  EXPECT_TRUE(check_head(*read, key_.verify_key()));
  EXPECT_FALSE(check_head(*read, crypto::SigningKey::generate().verify_key()));
}

TEST_F(GroupHeadTest, EveryChangedByteIsNoticed) {
  for (std::size_t at = 0; at < sector_.size(); ++at) {
    Bytes changed = sector_;
    changed[at] ^= 0x10;
    EXPECT_FALSE(read_head(changed)) << at;
  }
}

TEST_F(GroupHeadTest, EveryPrefixIsRefused) {
  for (std::size_t length = 0; length < sector_.size(); ++length) {
    EXPECT_FALSE(read_head(ByteView(sector_).first(length))) << length;
  }
}

TEST_F(GroupHeadTest, AStatementThatWasMadeForAnotherPlaceDoesNotHold) {
  auto read = read_head(sector_);
  ASSERT_TRUE(read);
  read->statement.back() ^= 1;
  EXPECT_FALSE(check_head(*read, key_.verify_key()));
}

TEST_F(GroupHeadTest, TheLargestFits) {
  GroupHead largest = example();
  largest.stream = std::string(64, 'x');
  largest.blocks.assign(kMaxBlocksPerGroup, 4'194'304);
  largest.heads = kMaxHeads;
  largest.files = kMaxDataFiles;
  const auto read = read_head(write_head(largest, kMaxDataFiles - 1, Bytes(1452, 1), key_));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->head, largest);
}

// Each symbol lies in exactly one sector, and whatever two files are lost, no codeword loses more
// than its parity brings back.
TEST(Layout, EverySymbolHasOnePlace) {
  GroupHead head = example();
  for (const std::uint8_t files : {std::uint8_t{1}, std::uint8_t{24}, std::uint8_t{64}}) {
    head.files = files;
    std::vector<std::vector<int>> seen;
    for (std::size_t block = 0; block < head.blocks.size(); ++block) {
      seen.emplace_back(head.geometry(block).total_symbols(), 0);
    }
    const std::uint64_t sectors = slice_sectors(head);
    for (std::size_t file = 0; file < files; ++file) {
      const auto places = slice_places(head, file);
      EXPECT_LE(places.size() + head.heads + 1, sectors);
      EXPECT_GE(places.size() + head.heads + 1 + head.blocks.size(), sectors);
      for (const SectorPlace& at : places) {
        ++seen.at(at.block).at(at.place);
      }
    }
    for (const auto& block : seen) {
      EXPECT_TRUE(std::ranges::all_of(block, [](int times) { return times == 1; }));
    }
  }
}

TEST(Layout, ThreeLostFilesAreSurvived) {
  GroupHead head = example();
  for (std::size_t block = 0; block < head.blocks.size(); ++block) {
    const fec::Geometry geometry = head.geometry(block);
    for (std::size_t first = 0; first + 2 < head.files; ++first) {
      std::vector<int> lost(geometry.codewords(), 0);
      for (std::size_t file = first; file < first + 3; ++file) {
        for (const SectorPlace& at : slice_places(head, file)) {
          if (at.block == block) {
            ++lost.at(geometry.sent_at(at.place) % geometry.codewords());
          }
        }
      }
      EXPECT_LE(*std::ranges::max_element(lost), kParitySymbols);
    }
  }
}

// A run within a slice takes the same share of every block.
TEST(Layout, NeighboursBelongToDifferentBlocks) {
  GroupHead head = example();
  head.blocks.assign(8, 4'194'304);
  const auto places = slice_places(head, 7);
  for (std::size_t i = 1; i < places.size(); ++i) {
    EXPECT_NE(places[i].block, places[i - 1].block);
  }
}

}  // namespace
}  // namespace sluice::media
