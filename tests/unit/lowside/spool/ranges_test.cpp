#include "lowside/spool/ranges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::low {
namespace {

SequenceRange range(std::uint64_t first, std::uint64_t last) {
  return {ShipmentSequence(first), ShipmentSequence(last)};
}

TEST(RangesTest, ReadsNumbersAndRanges) {
  EXPECT_EQ(parse_ranges("3,5-7").value(), (std::vector{range(3, 3), range(5, 7)}));
  EXPECT_EQ(parse_ranges(" 3 , 5 - 7 ").value(), (std::vector{range(3, 3), range(5, 7)}));
  EXPECT_EQ(parse_ranges("18446744073709551615").value(),
            std::vector{range(UINT64_MAX, UINT64_MAX)});
  EXPECT_EQ(parse_ranges("7-7").value(), std::vector{range(7, 7)});
}

TEST(RangesTest, NamesThePartThatIsWrong) {
  for (const char* wrong : {"", "x", "0", "-1", "3-", "7-5", "1-2-3", "+1", "1 2", "0x1", "0-3",
                            "18446744073709551616"}) {
    const auto alone = parse_ranges(wrong);
    ASSERT_FALSE(alone) << wrong;
    EXPECT_EQ(alone.error().code, ErrorCode::kInvalid);
    const auto among = parse_ranges("1," + std::string(wrong));
    ASSERT_FALSE(among) << wrong;
    EXPECT_THAT(among.error().cause, testing::StartsWith("\"" + std::string(wrong) + "\""));
    EXPECT_THAT(among.error().cure, testing::HasSubstr("3,5-7"));
  }
}

TEST(RangesTest, IsBounded) {
  std::string text = "1";
  for (std::size_t i = 1; i < kMaxRanges; ++i) {
    text += ",1";
  }
  EXPECT_EQ(parse_ranges(text).value().size(), kMaxRanges);
  EXPECT_EQ(parse_ranges(text + ",1").error().code, ErrorCode::kRefused);
}

}  // namespace
}  // namespace sluice::low
