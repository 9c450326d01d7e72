#include "lowside/upstream/files/url_list.h"

#include <gtest/gtest.h>

namespace sluice::low {
namespace {

const std::string kHex(64, 'a');

TEST(UrlList, ReadsWhatSha256sumWrites) {
  const std::string text = "# tools\n\n" + kHex + "  https://a.test/x/tool%20one.run\r\n" + kHex +
                           " *https://a.test/b renamed/b.run\n" + std::string(128, 'B') +
                           "\thttp://u:p@a.test/c?d=e";
  const UrlList list = parse_url_list(text, "list", "tools");
  EXPECT_TRUE(list.problems.empty());
  ASSERT_EQ(list.entries.size(), 3U);
  EXPECT_EQ(list.entries[0].path, "tool one.run");
  EXPECT_EQ(list.entries[0].digest.hex(), kHex);
  EXPECT_EQ(list.entries[1].uri, "https://a.test/b");
  EXPECT_EQ(list.entries[1].path, "renamed/b.run");
  EXPECT_EQ(list.entries[2].digest.algorithm(), DigestAlgorithm::kSha512);
  EXPECT_EQ(list.entries[2].path, "c");
}

TEST(UrlList, NamesEachLineThatIsLeftOut) {
  const std::string text =
      "https://a.test/x\n"          // 1: no digest
      "beef  https://a.test/x\n" +  // 2
      kHex +
      "  ftp://a.test/x\n" +                 // 3
      kHex + "  https://a.test/\n" +         // 4: no name
      kHex + "  https://a.test/x ../up\n" +  // 5
      kHex + "  https://a.test/x a b\n" +    // 6
      kHex + "  https://a.test/good\n" +     // 7
      kHex + "  https://b.test/good\n" +     // 8: the same path
      kHex + "  not a url\n";                // 9
  const UrlList list = parse_url_list(text, "list", "tools");
  ASSERT_EQ(list.entries.size(), 1U);
  ASSERT_EQ(list.problems.size(), 8U);
  EXPECT_EQ(list.problems[0].thing, "list:1");
  EXPECT_NE(list.problems[0].cause.find("without a digest"), std::string::npos);
  EXPECT_NE(list.problems[0].cure.find("sha256sum"), std::string::npos);
  EXPECT_EQ(list.problems[6].thing, "list:8");
  for (const Error& problem : list.problems) {
    EXPECT_EQ(problem.code, ErrorCode::kInvalid);
    EXPECT_FALSE(problem.cure.empty());
  }
}

}  // namespace
}  // namespace sluice::low
