#include "common/http/target.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

using namespace std::string_literals;

struct Accepted {
  std::string target;
  std::string path;
  std::string raw_path;
  std::string query;
  std::string authority;
};

TEST(Target, TakesTheseApart) {
  const std::vector<Accepted> table{
      {"/", "/", "/", "", ""},
      {"/a/b?c=d%20e&f", "/a/b", "/a/b", "c=d%20e&f", ""},
      {"/a?", "/a", "/a", "", ""},
      {"/a?b?c", "/a", "/a", "b?c", ""},
      {"/npm/@s%2fname", "/npm/@s/name", "/npm/@s%2fname", "", ""},
      {"/npm/@s%2Fname", "/npm/@s/name", "/npm/@s%2Fname", "", ""},
      {"/a%252fb", "/a%2fb", "/a%252fb", "", ""},  // once, not twice
      {"/pool/g%2b%2b_1%3a2.deb", "/pool/g++_1:2.deb", "/pool/g%2b%2b_1%3a2.deb", "", ""},
      {"/a+b", "/a+b", "/a+b", "", ""},
      {"//a//", "//a//", "//a//", "", ""},
      {"/..a/b../...", "/..a/b../...", "/..a/b../...", "", ""},
      {"http://host.example:80/a?b", "/a", "/a", "b", "host.example:80"},
      {"http://[::1]:8080", "/", "/", "", "[::1]:8080"},
      {"http://host.example?b", "/", "/", "b", "host.example"},
  };
  for (const Accepted& expected : table) {
    const auto target = parse_target(expected.target);
    ASSERT_TRUE(target) << target.error().message();
    EXPECT_EQ(target->path, expected.path) << expected.target;
    EXPECT_EQ(target->raw_path, expected.raw_path) << expected.target;
    EXPECT_EQ(target->query, expected.query) << expected.target;
    EXPECT_EQ(target->authority, expected.authority) << expected.target;
  }
}

TEST(Target, RefusesThese) {
  for (const char* target : {"",
                             "*",
                             "a",
                             "a/b",
                             "?a",
                             "/a#b",
                             "/%",
                             "/%2",
                             "/%zz",
                             "/a%2",
                             "/%00",
                             "/a%00b",
                             "/..",
                             "/../a",
                             "/a/../b",
                             "/a/..",
                             "/.",
                             "/a/./b",
                             "/%2e%2e/a",
                             "/a%2f..%2fb",
                             "/a/%2E%2e",
                             "host:443",
                             "http://",
                             "http:///a",
                             "http://user@host.example/",
                             "ftp://host.example/a",
                             "http://a.lab b/"}) {
    EXPECT_FALSE(parse_target(target)) << target;
  }
  EXPECT_FALSE(parse_target("/a\0b"s));
}

TEST(Target, NamesWhatIsWrongWithoutRepeatingALongTargetWhole) {
  const auto refused = parse_target("/" + std::string(100'000, 'a') + "%");
  EXPECT_LT(refused.error().message().size(), 400U);
  EXPECT_NE(refused.error().message().find("percent sign"), std::string::npos);
}

TEST(Authority, IsAHostAndAPort) {
  for (const char* good : {"a", "a.b-c_d:1", "127.0.0.1:65535", "[::1]", "[fe80::1]:80"}) {
    EXPECT_TRUE(is_authority(good)) << good;
  }
  for (const char* bad : {"", ":80", "a:", "a:b", "a:123456", "a/b", "a b", "u@h", "[::1", "[]",
                          "[::1]x", "::1", "a\r\nb", "a<b", "\"a\""}) {
    EXPECT_FALSE(is_authority(bad)) << bad;
  }
  EXPECT_FALSE(is_authority(std::string(301, 'a')));
}

}  // namespace
}  // namespace sluice::http
