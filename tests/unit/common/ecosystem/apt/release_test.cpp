#include "common/ecosystem/apt/release.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/hasher.h"
#include "common/ecosystem/apt/package.h"
#include "common/ecosystem/apt/path.h"

namespace sluice::apt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kHex = sha256(as_bytes("x")).hex();

std::string release_text(const std::string& more) {
  return "Origin: Debian\nSuite: stable\nCodename: bookworm\nDate: Sat, 17 May 2025 09:02:41 "
         "UTC\n" +
         more;
}
std::string listed() { return "SHA256:\n " + kHex + " 1 main/binary-amd64/Packages\n"; }

TEST(Release, ReadsWhatAMirrorNeeds) {
  const auto release =
      parse_release(
          "r", release_text("Valid-Until: Sat, 24 May 2025 09:02:41 UTC\nArchitectures: all "
                            "amd64\nComponents: main contrib\nAcquire-By-Hash: yes\nMD5Sum:\n " +
                            std::string(32, 'a') + "  1 main/binary-amd64/Packages\n" + listed()))
          .value();
  EXPECT_EQ(release.codename, "bookworm");
  EXPECT_EQ(format_release_date(release.date), "Sat, 17 May 2025 09:02:41 UTC");
  EXPECT_EQ(*release.valid_until - release.date, std::chrono::days(7));
  EXPECT_THAT(release.architectures, ElementsAre("all", "amd64"));
  EXPECT_THAT(release.components, ElementsAre("main", "contrib"));
  EXPECT_TRUE(release.acquire_by_hash);
  EXPECT_TRUE(release.packages_of_all_apart);
  const IndexFile* index = release.find("main/binary-amd64/Packages");
  ASSERT_NE(index, nullptr);
  EXPECT_EQ(index->size, 1U);
  EXPECT_EQ(index->sha256.hex(), kHex);
  EXPECT_EQ(index->digests.size(), 2U);
  EXPECT_EQ(release.find("main/binary-amd64/Packages.xz"), nullptr);
}

TEST(Release, RefusesWhatCannotBe) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "is empty"},
      {"<html>404</html>", "line 1"},
      {"Origin: x\n" + listed(), "its Date does not read"},
      {release_text(""), "lists no file with a SHA256"},
      {release_text("MD5Sum:\n " + std::string(32, 'a') + " 1 a\n"), "lists no file with a SHA256"},
      {release_text("SHA256:\n " + kHex + " 1 ../../etc/passwd\n"), "does not read"},
      {release_text("SHA256:\n " + kHex + " -1 a\n"), "does not read"},
      {release_text("SHA256:\n abcd 1 a\n"), "does not read"},
      {release_text("MD5Sum:\n " + std::string(32, 'a') + " 2 a\nSHA256:\n " + kHex + " 1 a\n"),
       "two sizes"},
      {release_text("Valid-Until: soon\n" + listed()), "Valid-Until"},
  };
  for (const auto& [text, cause] : cases) {
    const auto result = parse_release("r", text);
    ASSERT_FALSE(result) << text;
    EXPECT_THAT(result.error().cause, HasSubstr(cause)) << text;
  }
}

TEST(Release, DatesInEveryAllowedZone) {
  const auto expected = parse_release_date("Sat, 17 May 2025 09:02:41 UTC");
  ASSERT_TRUE(expected);
  for (const char* same : {"Sat, 17 May 2025 09:02:41 +0000", "17 May 2025 09:02:41 GMT",
                           "Sat, 17 May 2025 9:02:41 Z"}) {
    EXPECT_EQ(parse_release_date(same), expected) << same;
  }
  for (const char* bad : {"", "Sat, 17 May 2025", "Sat, 31 Feb 2025 09:02:41 UTC",
                          "Sat, 17 May 2025 24:02:41 UTC", "Sat, 17 May 2025 09:02:41 +0200",
                          "Sat, 17 Mai 2025 09:02:41 UTC", "Sat, 17 May 99999 09:02:41 UTC"}) {
    EXPECT_FALSE(parse_release_date(bad)) << bad;
  }
}

std::string stanza(const std::string& filename, const std::string& size = "10") {
  return "Package: hello\nVersion: 1:2.10-3\nArchitecture: amd64\nSource: hi (2.10-3)\nProvides: "
         "a, b (= 1), c:any\nFilename: " +
         filename + "\nSize: " + size + "\nSHA256: " + kHex + "\n";
}

TEST(Packages, ReadsStanzasAndKeepsTheirBytes) {
  const std::string text = stanza("pool/h/hello_1%3a2.10_amd64.deb") + "\n" + stanza("./a.deb");
  std::vector<std::string> raw;
  std::vector<std::string> names;
  const auto result =
      for_each_package("p", text, [&](const PackageStanza& package) -> Result<void> {
        raw.emplace_back(package.raw);
        names.emplace_back(package.filename);
        EXPECT_EQ(package.name, "hello");
        EXPECT_EQ(package.version, "1:2.10-3");
        EXPECT_EQ(package.source, "hi");
        EXPECT_EQ(package.size, 10U);
        EXPECT_EQ(package.sha256.hex(), kHex);
        EXPECT_THAT(provided_names(package.provides), ElementsAre("a", "b", "c"));
        return {};
      });
  ASSERT_TRUE(result);
  EXPECT_THAT(names, ElementsAre("pool/h/hello_1%3a2.10_amd64.deb", "a.deb"));
  EXPECT_EQ(raw[0] + "\n" + raw[1], text);
}

TEST(Packages, RefusesPathsThatLeaveTheArchive) {
  const auto nothing = [](const PackageStanza&) -> Result<void> { return {}; };
  for (const char* path : {"../x.deb", "/etc/x.deb", "pool/../../x.deb", "pool//x.deb",
                           "pool/x\x01.deb", "pool\\x.deb", ""}) {
    const auto result = for_each_package("p", stanza(path), nothing);
    ASSERT_FALSE(result) << path;
    EXPECT_THAT(result.error().cause, HasSubstr("hello")) << path;
  }
  EXPECT_FALSE(for_each_package("p", stanza("a", "ten"), nothing));
  EXPECT_FALSE(for_each_package("p", "Package: x\n", nothing));
}

}  // namespace
}  // namespace sluice::apt
