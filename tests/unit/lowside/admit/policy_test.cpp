#include "lowside/admit/policy.h"

#include <gtest/gtest.h>

namespace sluice::low {
namespace {

TEST(Policy, AdmitsEverythingWhenItSaysNothing) {
  const Decision decision = decide({}, {"a.exe", std::uint64_t{1} << 40, "text/html"});
  EXPECT_TRUE(decision.admitted);
  EXPECT_EQ(decision.rule, "default");
}

TEST(Policy, NamesTheRuleThatRefuses) {
  const Policy policy{100, {"application/gzip", "text/*"}, {"*.exe", "evil-*"}};
  const auto rule = [&](const FileFacts& file) {
    const Decision decision = decide(policy, file);
    return decision.admitted ? "admitted" : decision.rule;
  };
  EXPECT_EQ(rule({"a.tgz", 100, "application/gzip"}), "admitted");
  EXPECT_EQ(rule({"a.txt", 1, "text/plain"}), "admitted");
  EXPECT_EQ(rule({"a.tgz", 101, "application/gzip"}), "max-file-size");
  EXPECT_EQ(rule({"a.bin", 1, "application/x-executable"}), "allowed-media-types");
  EXPECT_EQ(rule({"folder/a.exe", 1, "application/gzip"}), "denied-names:*.exe");
  EXPECT_EQ(rule({"evil-1.0.tgz", 1, "application/gzip"}), "denied-names:evil-*");
}

TEST(Policy, IsCheckedBeforeItIsUsed) {
  EXPECT_TRUE(check_policy({1, {"text/*", "a/b"}, {"*"}}));
  EXPECT_EQ(check_policy({0, {"gzip"}, {}}).error().thing, "allowed-media-types");
  EXPECT_EQ(check_policy({0, {"text/"}, {}}).error().thing, "allowed-media-types");
  EXPECT_EQ(check_policy({0, {}, {""}}).error().thing, "denied-names");
}

}  // namespace
}  // namespace sluice::low
