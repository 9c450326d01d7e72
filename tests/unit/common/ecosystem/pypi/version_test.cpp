#include "common/ecosystem/pypi/version.h"

#include <gtest/gtest.h>

namespace sluice::pypi {
namespace {

Version version(std::string_view text) {
  const auto parsed = Version::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(Version());
}

TEST(PypiVersion, NormalisesEverySpellingOfTheSpecification) {
  const std::vector<std::pair<std::string, std::string>> spellings{
      {"1.0", "1.0"},
      {"V1.0", "1.0"},
      {"01.02", "1.2"},
      {"1.0alpha1", "1.0a1"},
      {"1.0-A.1", "1.0a1"},
      {"1.0beta", "1.0b0"},
      {"1.0c1", "1.0rc1"},
      {"1.0preview_2", "1.0rc2"},
      {"1.0-pre", "1.0rc0"},
      {"1.0-1", "1.0.post1"},
      {"1.0r4", "1.0.post4"},
      {"1.0.rev", "1.0.post0"},
      {"1.0dev", "1.0.dev0"},
      {"1.0a1.post2.dev3", "1.0a1.post2.dev3"},
      {"2!1.0", "2!1.0"},
      {"1.0+Ubuntu-1_x", "1.0+ubuntu.1.x"},
      {"1.0+cu118", "1.0+cu118"},
      {"20230101123456", "20230101123456"}};
  for (const auto& [spelling, normal] : spellings) {
    EXPECT_EQ(version(spelling).text(), normal) << spelling;
    EXPECT_EQ(version(normal), version(spelling));
  }
}

TEST(PypiVersion, RefusesWhatIsNone) {
  for (const std::string& text :
       {std::string(), std::string("a"), std::string("1."), std::string("1.0.x"),
        std::string("1.0+"), std::string("1.0+a..b"), std::string("1.0 "), std::string("1!"),
        std::string("1.0.0-foo"), std::string("../1"), std::string("1234567890123456789"),
        std::string("1.0+1234567890123456789"), std::string("1.0a1234567890123456789"),
        std::string("1.0-1234567890123456789"), std::string(257, '1')}) {
    EXPECT_FALSE(Version::parse(text)) << text;
  }
}

TEST(PypiVersion, IsOrderedAsTheSpecificationSays) {
  const std::vector<std::string> ascending{
      "0.9",    "1.0.dev1", "1.0a1.dev1", "1.0a1",     "1.0a1.post1", "1.0a2",          "1.0b1",
      "1.0rc1", "1.0",      "1.0+abc",    "1.0+abc.1", "1.0+5",       "1.0.post1.dev1", "1.0.post1",
      "1.0.1",  "1.1",      "1.10",       "1!0.1"};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(version(ascending[i]) < version(ascending[j]), i < j)
          << ascending[i] << " and " << ascending[j];
    }
  }
  EXPECT_EQ(version("1.0"), version("1.0.0"));
}

TEST(PypiVersion, KnowsPreReleases) {
  for (const char* text : {"1.0a1", "1.0.dev1", "1.0rc1.post1"}) {
    EXPECT_TRUE(version(text).is_prerelease()) << text;
  }
  EXPECT_FALSE(version("1.0.post1").is_prerelease());
  EXPECT_EQ(version("1.0rc1.post2+x").base().text(), "1.0");
  EXPECT_EQ(version("1.0+x").without_local().text(), "1.0");
}

}  // namespace
}  // namespace sluice::pypi
