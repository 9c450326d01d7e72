#include "highside/mirror/npm/record_check.h"

#include <gtest/gtest.h>

#include "common/base/text.h"
#include "tests/unit/highside/mirror/npm/fakes.h"

namespace sluice::high {
namespace {

using test::MemoryBlobs;
using test::Package;

class NpmRecordCheckTest : public testing::Test {
 protected:
  Result<void> check(const Package& package,
                     const std::optional<CatalogEntry>& previous = std::nullopt) {
    return NpmRecordCheck().check(package.record(), previous, blobs);
  }
  void expect_refused(const Package& package, std::string_view cause) {
    const auto checked = check(package);
    ASSERT_FALSE(checked) << cause;
    EXPECT_EQ(checked.error().code, ErrorCode::kIntegrity);
    EXPECT_NE(checked.error().message().find(cause), std::string::npos)
        << checked.error().message();
  }

  MemoryBlobs blobs;
};

TEST_F(NpmRecordCheckTest, TakesWhatHolds) {
  Package package("@types/semver", blobs);
  package.add("1.0.0", "one").add("1.1.0-rc.1", "two");
  EXPECT_TRUE(check(package));
  proto::Record withdrawn;
  withdrawn.set_ecosystem("npm");
  withdrawn.set_document("gone");
  withdrawn.set_withdrawn(true);
  EXPECT_TRUE(NpmRecordCheck().check(withdrawn, std::nullopt, blobs));
}

TEST_F(NpmRecordCheckTest, TakesAShasumOnlyWhereThereIsNoIntegrity) {
  Package package("old", blobs);
  package.add("1.0.0", "one");
  const std::string sha1 = hash(DigestAlgorithm::kSha1, as_bytes("one")).hex();
  const std::string start = R"({"name":"old","version":"1.0.0","dist":{"tarball":"x","shasum":")";
  package.package.mutable_versions(0)->set_manifest(start + sha1 + "\"}}");
  EXPECT_TRUE(check(package));
  package.package.mutable_versions(0)->set_manifest(start + std::string(40, '0') + "\"}}");
  expect_refused(package, "dist.shasum");
  package.package.mutable_versions(0)->set_manifest(start + sha1 +
                                                    R"(","integrity":"sha512-AAAA"}})");
  expect_refused(package, "dist.integrity");
}

TEST_F(NpmRecordCheckTest, RefusesDigestsThatAreNotTheBlobs) {
  Package package("left-pad", blobs);
  package.add("1.0.0", "one");
  package.package.mutable_versions(0)->set_manifest(package.manifest("1.0.0", "other", ""));
  expect_refused(package, "left-pad@1.0.0");
}

TEST_F(NpmRecordCheckTest, RefusesAManifestOfAnother) {
  Package package("left-pad", blobs);
  package.add("1.0.0", "one");
  package.package.mutable_versions(0)->set_manifest(package.manifest("1.0.1", "one", ""));
  expect_refused(package, "does not describe it");
  package.package.mutable_versions(0)->set_manifest("{\"name\":");
  expect_refused(package, "does not describe it");
}

TEST_F(NpmRecordCheckTest, RefusesWhatIsNotInTheStoreOrNotNamed) {
  Package package("left-pad", blobs);
  package.add("1.0.0", "one");
  proto::Record unnamed = package.record();
  unnamed.clear_blobs();
  EXPECT_FALSE(NpmRecordCheck().check(unnamed, std::nullopt, blobs));
  blobs.lose(sha256(as_bytes("one")));
  expect_refused(package, "not in the store");
}

TEST_F(NpmRecordCheckTest, RefusesTagsOfVersionsThatAreNotThere) {
  Package package("left-pad", blobs);
  package.add("1.0.0", "one");
  (*package.package.mutable_dist_tags())["next"] = "2.0.0";
  expect_refused(package, "tag next");
  package.package.mutable_dist_tags()->clear();
  expect_refused(package, "latest");
}

TEST_F(NpmRecordCheckTest, RefusesBrokenBodies) {
  Package package("left-pad", blobs);
  package.add("1.0.0", "one");
  const proto::Record good = package.record();
  std::size_t refused = 0;
  for (std::size_t length = 0; length < good.body().size(); ++length) {
    proto::Record cut = good;
    cut.set_body(good.body().substr(0, length));
    refused += NpmRecordCheck().check(cut, std::nullopt, blobs) ? 0U : 1U;
  }
  EXPECT_GT(refused, good.body().size() / 2);
  proto::Record renamed = good;
  renamed.set_document("right-pad");
  EXPECT_FALSE(NpmRecordCheck().check(renamed, std::nullopt, blobs));
  package.package.set_extra("[1]");
  expect_refused(package, "further members");
  Package traversal("../etc", blobs);
  traversal.add("1.0.0", "one");
  expect_refused(traversal, "of another package");
}

TEST_F(NpmRecordCheckTest, NeverReplacesTheBytesOfAVisibleVersion) {
  Package before("left-pad", blobs);
  before.add("1.0.0", "one");
  CatalogEntry previous;
  previous.body = before.record().body();
  Package same("left-pad", blobs);
  same.add("1.0.0", "one").add("1.1.0", "two");
  EXPECT_TRUE(check(same, previous));
  Package changed("left-pad", blobs);
  changed.add("1.0.0", "other");
  const auto checked = check(changed, previous);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::kIntegrity);
}

TEST_F(NpmRecordCheckTest, RefusesAShasumThatMisleadsBesideAnIntegrity) {
  Package package("left-pad", blobs);
  package.add("1.0.0", "one");
  std::string manifest = package.manifest("1.0.0", "one", "");
  manifest.insert(manifest.rfind("}}"), R"(,"shasum":")" + std::string(40, '0') + '"');
  package.package.mutable_versions(0)->set_manifest(manifest);
  expect_refused(package, "dist.shasum");
}

// JSON keeps the last of two members: it would be the sender's, not what was checked.
TEST_F(NpmRecordCheckTest, RefusesFurtherMembersThatWouldReplaceWhatWasChecked) {
  for (const char* own : {"_id", "name", "dist-tags", "versions", "time", "v\\u0065rsions"}) {
    Package package("left-pad", blobs);
    package.add("1.0.0", "one");
    package.package.set_extra(std::string(R"({"license":"MIT",")") + own + R"(":{}})");
    expect_refused(package, "further members hold");
  }
}

}  // namespace
}  // namespace sluice::high
