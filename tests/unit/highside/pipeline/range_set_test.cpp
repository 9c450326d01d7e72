#include "highside/pipeline/range_set.h"

#include <gmock/gmock.h>

#include <random>
#include <set>

namespace sluice::high {
namespace {

using testing::ElementsAre;

TEST(RangeSet, JoinsWhatTouchesAndOverlaps) {
  RangeSet set;
  set.add({10, 20});
  set.add({30, 40});
  set.add({20, 25});
  EXPECT_THAT(set.ranges(), ElementsAre(Range{10, 25}, Range{30, 40}));
  set.add({5, 35});
  EXPECT_THAT(set.ranges(), ElementsAre(Range{5, 40}));
  EXPECT_EQ(set.total(), 35U);
  set.add({50, 50});
  EXPECT_EQ(set.pieces(), 1U);
}

TEST(RangeSet, NamesTheHolesOfARange) {
  RangeSet set;
  set.add({10, 20});
  set.add({30, 40});
  EXPECT_THAT(set.missing({0, 50}), ElementsAre(Range{0, 10}, Range{20, 30}, Range{40, 50}));
  EXPECT_THAT(set.missing({12, 32}), ElementsAre(Range{20, 30}));
  EXPECT_THAT(set.missing({12, 18}), ElementsAre());
  EXPECT_THAT(set.missing({20, 30}), ElementsAre(Range{20, 30}));
}

TEST(RangeSet, AgreesWithAPlainSet) {
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same every run
  RangeSet set;
  std::set<std::uint64_t> plain;
  for (int i = 0; i < 400; ++i) {
    const std::uint64_t begin = random() % 300;
    const std::uint64_t end = begin + random() % 12;
    std::uint64_t holes = 0;
    for (const Range& hole : set.missing({begin, end})) {
      holes += hole.end - hole.begin;
    }
    std::uint64_t fresh = 0;
    for (std::uint64_t value = begin; value < end; ++value) {
      fresh += plain.insert(value).second ? 1 : 0;
    }
    ASSERT_EQ(holes, fresh);
    set.add({begin, end});
    ASSERT_EQ(set.total(), plain.size());
    ASSERT_EQ(set.contains(begin), plain.contains(begin));
  }
}

}  // namespace
}  // namespace sluice::high
