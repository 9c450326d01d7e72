#include "lowside/upstream/npm/lock_file.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "common/base/hasher.h"
#include "lowside/upstream/npm/platform.h"
#include "tests/unit/lowside/upstream/npm/locked.h"

namespace sluice::low {
namespace {

using testing::HasSubstr;

const std::vector<NpmTarget> kLinux{NpmTarget{}};

std::string lock_of(const std::string& packages) {
  return R"({"lockfileVersion":3,"packages":{"":{"name":"p"},)" + packages + "}}";
}

std::string cause_of(const std::string& packages) { return refusal(lock_of(packages)); }

TEST(LockFile, ReadsNestedAliasedAndScopedPackages) {
  const auto found = locked(lock_of(R"(
      "node_modules/@types/semver": {"version":"7.5.8"},
      "node_modules/a/node_modules/b": {"version":"1.0.0","optional":true},
      "node_modules/semver5": {"name":"semver","version":"5.7.3",
        "resolved":"https://registry.example/semver/-/semver-5.7.3.tgz"},
      "packages/mine": {"version":"0.0.1"},
      "node_modules/mine": {"resolved":"packages/mine","link":true},
      "node_modules/a/node_modules/c": {"version":"1.0.0","inBundle":true})"));
  EXPECT_THAT(found,
              testing::UnorderedElementsAre("@types/semver@7.5.8", "b@1.0.0?", "semver@5.7.3"));
}

TEST(LockFile, NamesWhatNoRegistryHolds) {
  for (const char* origin :
       {"git+ssh://git@host/x.git#1", "file:../x.tgz", "https://host.example/x.tgz",
        "../elsewhere\",\"link\":true,\"z\":\""}) {
    const std::string cause = cause_of(std::string(R"("node_modules/x":{"version":"1.0.0",)") +
                                       R"("resolved":")" + origin + "\"}");
    EXPECT_THAT(cause, HasSubstr("x comes from")) << origin;
    EXPECT_THAT(cause, HasSubstr("carry that dependency as a file")) << origin;
  }
}

TEST(LockFile, RefusesWhatIsNoLockFile) {
  EXPECT_THAT(cause_of(R"("node_modules/x":{"version":"latest"})"), HasSubstr("proper name"));
  EXPECT_THAT(cause_of(R"("node_modules/../x":{"version":"1.0.0"})"), HasSubstr("proper name"));
  EXPECT_THAT(cause_of(R"("node_modules/x":7)"), HasSubstr("not an object"));
  for (const char* text : {"{", R"({"lockfileVersion":1,"dependencies":{}})"}) {
    EXPECT_THAT(refusal(text), HasSubstr("npm 7")) << text;
  }
  for (const char* text : {"", "[]", "\n\n", "lockfileVersion", "# yarn lockfile v2", "a: 1"}) {
    EXPECT_THAT(refusal(text), HasSubstr("not a lock file of npm, pnpm or yarn")) << text;
  }
}

TEST(LockFile, TakesTheStrongestDigestOfAnSri) {
  const Digest sha1 = hash(DigestAlgorithm::kSha1, as_bytes("x"));
  const Digest sha512 = hash(DigestAlgorithm::kSha512, as_bytes("x"));
  EXPECT_EQ(strongest_digest(sha1.sri() + " " + sha512.sri() + "?opt " + sha1.sri()), sha512);
  EXPECT_EQ(strongest_digest(sha1.sri()), sha1);
  EXPECT_EQ(strongest_digest("sha384-AAAA"), std::nullopt);
  EXPECT_EQ(strongest_digest(""), std::nullopt);
}

bool suits(const std::string& manifest, const NpmTarget& target = {}) {
  return suits_platform(boost::json::parse(manifest).as_object(), target);
}

TEST(Platform, ReadsListsAsNpmDoes) {
  EXPECT_TRUE(suits("{}"));
  EXPECT_TRUE(suits(R"({"os":["linux","darwin"],"cpu":"x64","libc":["glibc"]})"));
  EXPECT_TRUE(suits(R"({"os":["!win32"]})"));
  EXPECT_TRUE(suits(R"({"cpu":["any"]})"));
  EXPECT_FALSE(suits(R"({"os":["!linux","linux"]})"));
  EXPECT_FALSE(suits(R"({"cpu":["arm64"]})"));
  EXPECT_FALSE(suits(R"({"libc":["musl"]})"));
  EXPECT_FALSE(suits(R"({"libc":["glibc"]})", {"darwin", "x64", ""}));
  EXPECT_TRUE(suits_any(boost::json::parse(R"({"os":["aix"]})").as_object(), {}));
  EXPECT_FALSE(suits_any(boost::json::parse(R"({"os":["aix"]})").as_object(), kLinux));
}

}  // namespace
}  // namespace sluice::low
