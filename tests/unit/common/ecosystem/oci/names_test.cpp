#include "common/ecosystem/oci/names.h"

#include <gtest/gtest.h>

namespace sluice::oci {
namespace {

const std::string kHex(64, 'a');

TEST(OciNames, TakesRegistries) {
  for (const char* name : {"docker.io", "localhost", "registry.example.org:5000", "127.0.0.1:1",
                           "[::1]:5000", "[2001:db8::1]", "a-b.example:65535"}) {
    EXPECT_TRUE(check_registry(name)) << name;
  }
}

TEST(OciNames, RefusesWhatIsNoRegistry) {
  for (const char* name : {"",
                           ":5000",
                           "Docker.io",
                           "a..b",
                           ".a",
                           "a.",
                           "-a.example",
                           "a-.example",
                           "a_b.example",
                           "a.example:",
                           "a.example:0",
                           "a.example:05000",
                           "a.example:65536",
                           "a.example:5000:1",
                           "[::1",
                           "::1",
                           "[]",
                           "[x]:1",
                           "[::1]5000",
                           "a b",
                           "a/b",
                           "mod\xc3\xa8le",
                           "a\n",
                           "user@a"}) {
    EXPECT_FALSE(check_registry(name)) << name;
  }
  EXPECT_FALSE(check_registry(std::string(64, 'a') + ".example"));
  EXPECT_FALSE(check_registry(std::string(256, 'a')));
}

TEST(OciNames, TakesRepositories) {
  for (const char* name : {"nginx", "library/nginx", "a/b/c/d", "a.b_c__d-e---f/0", "0"}) {
    EXPECT_TRUE(check_repository(name)) << name;
  }
  EXPECT_TRUE(check_repository(std::string(255, 'a')));
}

TEST(OciNames, RefusesWhatIsNoRepository) {
  for (const char* name :
       {"",       "/",    "/a",  "a/",  "a//b", "A",     "a/B",     "..",   "a/..",
        "a/../b", ".a",   "a.",  "_a",  "a_",   "-a",    "a-",      "a..b", "a___b",
        "a._b",   "a-.b", "a b", "a:b", "a@b",  "a%2fb", "\xc3\xa8"}) {
    EXPECT_FALSE(check_repository(name)) << name;
  }
  EXPECT_FALSE(check_repository(std::string(256, 'a')));
}

TEST(OciNames, TellsTags) {
  for (const char* tag : {"latest", "1.27-alpine", "_x", "V1.0_rc", "0"}) {
    EXPECT_TRUE(check_tag(tag)) << tag;
  }
  EXPECT_TRUE(check_tag(std::string(128, 't')));
  for (const char* tag : {"", ".a", "-a", "a/b", "a:b", "a+b", "a;rm", "a b", "\xc3\xa8", "a\n"}) {
    EXPECT_FALSE(check_tag(tag)) << tag;
  }
  EXPECT_FALSE(check_tag(std::string(129, 't')));
}

TEST(OciNames, EachDigestHasOneText) {
  const auto digest = parse_digest("sha256:" + kHex);
  ASSERT_TRUE(digest);
  EXPECT_EQ(digest_text(*digest), "sha256:" + kHex);
  for (const std::string& text :
       {std::string(), std::string(kHex), "sha256:" + std::string(64, 'A'), "sha256:" + kHex + "a",
        "sha256:" + std::string(63, 'a'), "sha512:" + kHex, "SHA256:" + kHex,
        std::string("sha256:")}) {
    EXPECT_FALSE(parse_digest(text)) << text;
  }
}

TEST(OciNames, DocumentsAreARegistryAndARepository) {
  const auto document = parse_document("registry.example.org:5000/team/app");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->registry, "registry.example.org:5000");
  EXPECT_EQ(document->repository, "team/app");
  EXPECT_EQ(document->name(), "registry.example.org:5000/team/app");
  for (const char* name : {"", "nginx", "/nginx", "docker.io/", "docker.io//nginx", "Docker.io/a",
                           "docker.io/a:tag", "docker.io/../a"}) {
    EXPECT_FALSE(parse_document(name)) << name;
  }
}

TEST(OciNames, FindsTheSubjectOfLegacyTags) {
  const auto subject = parse_digest("sha256:" + kHex);
  for (const char* suffix : {"", ".sig", ".att", ".sbom"}) {
    EXPECT_EQ(subject_of_legacy_tag("sha256-" + kHex + suffix), subject) << suffix;
  }
  EXPECT_EQ(legacy_tag(subject.value()), "sha256-" + kHex);
  for (const std::string& tag :
       {std::string("latest"), "sha256-" + kHex + "a", "sha256-" + kHex + "-sig",
        "sha256-" + std::string(64, 'A'), "sha256-" + std::string(63, 'a'), "sha512-" + kHex}) {
    EXPECT_FALSE(subject_of_legacy_tag(tag)) << tag;
  }
}

}  // namespace
}  // namespace sluice::oci
