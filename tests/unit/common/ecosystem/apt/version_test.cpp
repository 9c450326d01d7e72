#include "common/ecosystem/apt/version.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "common/process/run.h"

namespace sluice::apt {
namespace {

TEST(DebianVersion, FollowsThePolicysOrder) {
  const std::vector<std::string_view> rising{
      "~~",    "~~a",           "~",     "0.9~rc1", "0.9", "0.9+b1", "0.10", "1.0-0.1",
      "1.0-1", "1.0-1+deb12u1", "1.0-2", "1.0.1-1", "a",   "1:0.1"};
  for (std::size_t i = 0; i < rising.size(); ++i) {
    for (std::size_t j = 0; j < rising.size(); ++j) {
      EXPECT_TRUE(compare_versions(rising[i], rising[j]) == (i <=> j))
          << rising[i] << " " << rising[j];
    }
  }
}

TEST(DebianVersion, NumbersHaveAnyLength) {
  EXPECT_TRUE(compare_versions("99999999999999999999998", "99999999999999999999999") < 0);
  EXPECT_TRUE(compare_versions("00000000000000000000001", "1") == 0);
  EXPECT_TRUE(compare_versions("0:1", "1") == 0);
  EXPECT_TRUE(compare_versions("", "") == 0);
}

// dpkg itself is the oracle, over versions made at random of the characters that matter.
TEST(DebianVersion, AgreesWithDpkg) {
  std::minstd_rand random(12);
  constexpr std::string_view kAlphabet = "0019aZ.+~-";
  const auto make = [&] {
    std::string version = random() % 4 == 0 ? "1:1" : "1";
    for (std::size_t i = random() % 6; i > 0; --i) {
      version += kAlphabet[random() % kAlphabet.size()];
    }
    return version + "1";
  };
  std::string script;
  std::string expected;
  for (int i = 0; i < 400; ++i) {
    const std::string a = make();
    const std::string b = make();
    const auto order = compare_versions(a, b);
    script += "dpkg --compare-versions '" + a + "' " +
              (order < 0   ? "lt"
               : order > 0 ? "gt"
                           : "eq") +
              " '" + b + "' || echo '" + a + " " + b + "'\n";
  }
  process::Command command;
  command.arguments = {"sh"};
  command.environment = {{"PATH", "/usr/bin:/bin"}};
  command.standard_input = script;
  const auto outcome = process::run(command, {}).value();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.standard_error;
  EXPECT_EQ(outcome.standard_output, "");
}

}  // namespace
}  // namespace sluice::apt
