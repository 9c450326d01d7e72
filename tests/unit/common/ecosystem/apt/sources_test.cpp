#include "common/ecosystem/apt/sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::apt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Sources, ReadsDeb822) {
  const auto suites =
      parse_sources("x.sources",
                    "# ours\nTypes: deb deb-src\nURIs: http://mirror.test/debian/\nSuites: "
                    "bookworm bookworm-updates\nComponents: main contrib\nSigned-By: "
                    "/usr/share/keyrings/a.gpg\n\nTypes: deb\nEnabled: no\nURIs: "
                    "http://off.test\nSuites: x\nComponents: main\n\nTypes: deb-src\nURIs: "
                    "http://src.test\nSuites: x\nComponents: main\n")
          .value();
  ASSERT_EQ(suites.size(), 2U);
  EXPECT_EQ(suites[0].uri, "http://mirror.test/debian");
  EXPECT_EQ(suites[0].suite, "bookworm");
  EXPECT_EQ(suites[1].suite, "bookworm-updates");
  EXPECT_THAT(suites[1].components, ElementsAre("main", "contrib"));
  EXPECT_THAT(suites[1].keyrings, ElementsAre("/usr/share/keyrings/a.gpg"));
}

TEST(Sources, ReadsAKeyInTheField) {
  const auto suites =
      parse_sources(
          "x.sources",
          "Types: deb\nURIs: http://mirror.test\nSuites: s\nComponents: main\nSigned-By:\n "
          "-----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDME\n =abcd\n -----END PGP PUBLIC KEY "
          "BLOCK-----\n")
          .value();
  EXPECT_EQ(
      suites.at(0).inline_key,
      "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n");
  EXPECT_THAT(suites.at(0).keyrings, ElementsAre());
}

TEST(Sources, ReadsOneLineStyle) {
  const auto suites =
      parse_sources(
          "x.list",
          "# comment\ndeb [ arch=amd64,arm64 signed-by=/k/a.asc ] http://mirror.test/d s/updates "
          "main "
          "contrib # more\n\ndeb-src http://mirror.test/d s main\ndeb\thttp://two.test/ t main\n")
          .value();
  ASSERT_EQ(suites.size(), 2U);
  EXPECT_THAT(suites[0].architectures, ElementsAre("amd64", "arm64"));
  EXPECT_THAT(suites[0].keyrings, ElementsAre("/k/a.asc"));
  EXPECT_THAT(suites[0].components, ElementsAre("main", "contrib"));
  EXPECT_EQ(suites[0].suite, "s/updates");
  EXPECT_EQ(suites[1].uri, "http://two.test");
}

TEST(Sources, NamesWhatCannotBe) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"x.list", "deb http://a.test ./\n", "flat archive"},
      {"x.list", "deb http://a.test\n", "is not \"deb [options]"},
      {"x.list", "deb [arch=amd64 http://a.test s main\n", "closing bracket"},
      {"x.list", "deb http://a.test s\n", "components"},
      {"x.list", "deb http://a.test ../s main\n", "cannot be"},
      {"x.list", "deb [signed-by=ABCDEF0123] http://a.test s main\n", "no absolute path"},
      {"x.sources", "Types: deb\nSuites: s\nComponents: main\n", "no URI"},
      {"x.sources", "nonsense\n", "line 1"},
  };
  for (const auto& [name, text, cause] : cases) {
    const auto result = parse_sources(name, text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(result.error().cause, HasSubstr(cause)) << text;
    EXPECT_THAT(result.error().thing, HasSubstr(name));
  }
}

}  // namespace
}  // namespace sluice::apt
