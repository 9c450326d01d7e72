#include "lowside/upstream/npm/lock_file.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "common/base/hasher.h"
#include "lowside/upstream/npm/platform.h"

namespace sluice::low {
namespace {

using testing::HasSubstr;

const std::vector<NpmTarget> kLinux{NpmTarget{}};

std::string lock_of(const std::string& packages) {
  return R"({"lockfileVersion":3,"packages":{"":{"name":"p"},)" + packages + "}}";
}

std::string cause_of(const std::string& packages) {
  const auto result = read_lock_file("lock", lock_of(packages), kLinux, true);
  EXPECT_FALSE(result);
  return result ? "" : result.error().message();
}

TEST(LockFile, ReadsNestedAliasedAndScopedPackages) {
  const auto result = read_lock_file("lock", lock_of(R"(
      "node_modules/@types/semver": {"version":"7.5.8"},
      "node_modules/a/node_modules/b": {"version":"1.0.0","optional":true},
      "node_modules/semver5": {"name":"semver","version":"5.7.3",
        "resolved":"https://registry.example/semver/-/semver-5.7.3.tgz"},
      "packages/mine": {"version":"0.0.1"},
      "node_modules/mine": {"resolved":"packages/mine","link":true},
      "node_modules/a/node_modules/c": {"version":"1.0.0","inBundle":true})"),
                                     kLinux, true);
  ASSERT_TRUE(result) << result.error().message();
  std::vector<std::string> found;
  for (const LockedPackage& package : *result) {
    found.push_back(package.name + "@" + package.version + (package.optional ? "?" : ""));
  }
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
  for (const char* text : {"", "[]", R"({"lockfileVersion":1,"dependencies":{}})"}) {
    const auto result = read_lock_file("lock", text, kLinux, true);
    ASSERT_FALSE(result) << text;
    EXPECT_THAT(result.error().cure, HasSubstr("npm 7"));
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
