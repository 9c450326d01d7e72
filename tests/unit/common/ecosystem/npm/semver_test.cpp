#include "common/ecosystem/npm/semver.h"

#include <gtest/gtest.h>

namespace sluice::npm {
namespace {

TEST(SemVer, OrdersAsTheSpecificationDoes) {
  // Section 11.4's own example, with neighbours.
  const std::vector<std::string> ascending{
      "0.0.9",        "1.0.0-0",       "1.0.0-2",          "1.0.0-10",
      "1.0.0-alpha",  "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta",
      "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",       "1.0.0",
      "1.0.1",        "1.2.0",         "1.10.0",           "2.0.0"};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(version_less(ascending[i], ascending[j]), i < j)
          << ascending[i] << " " << ascending[j];
    }
  }
}

TEST(SemVer, BuildDoesNotCountAndHugeNumbersAreExact) {
  EXPECT_EQ(precedence(*SemVer::parse("1.0.0+a"), *SemVer::parse("1.0.0+b")),
            std::strong_ordering::equal);
  EXPECT_TRUE(version_less("1.0.0-99999999999999999998", "1.0.0-99999999999999999999"));
}

TEST(SemVer, RefusesWhatNodeRefuses) {
  for (const char* text :
       {"", "1", "1.2", "1.2.3.4", "v1.2.3", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3-a..b", "1.2.3+",
        "1.2.x", " 1.2.3", "1.2.9007199254740992", "1.2.-3", "1.2.3-ä"}) {
    EXPECT_FALSE(SemVer::parse(text)) << text;
  }
  EXPECT_TRUE(SemVer::parse("1.2.9007199254740991"));
  EXPECT_TRUE(SemVer::parse("1.2.3-0a.-.x+001"));
  EXPECT_FALSE(SemVer::parse("1.2.3-" + std::string(300, 'a')));
}

TEST(SemVer, TellsPrereleases) {
  EXPECT_TRUE(SemVer::parse("1.0.0-rc.1")->is_prerelease());
  EXPECT_FALSE(SemVer::parse("1.0.0+x-y")->is_prerelease());
}

}  // namespace
}  // namespace sluice::npm
