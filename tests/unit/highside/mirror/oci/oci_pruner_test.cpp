#include "highside/mirror/oci/oci_pruner.h"

#include <gmock/gmock.h>

#include "highside/mirror/oci/record_check.h"
#include "tests/unit/highside/mirror/oci/repository.h"

namespace sluice::high {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;

class OciPrunerTest : public testing::Test {
 protected:
  CatalogEntry entry() const {
    CatalogEntry entry;
    entry.document = "acme/base";
    entry.body = source_.record().body();
    return entry;
  }
  static std::string subject(const Sha256Digest& digest, std::size_t size) {
    return R"(,"subject":)" +
           test::OciSource::descriptor(digest, size, std::string(oci::kOciManifest));
  }

  test::MemoryBlobs blobs_;
  test::OciSource source_{blobs_, "acme/base"};
  OciPruner pruner_{blobs_};
};

TEST_F(OciPrunerTest, TakesWhatNoTagNeedsAndKeepsWhatOneDoes) {
  const std::string child_text = source_.image_text("child layer");
  const Sha256Digest child = source_.manifest(child_text, oci::kOciManifest);
  const Sha256Digest index = source_.manifest(
      R"({"schemaVersion":2,"mediaType":")" + std::string(oci::kOciIndex) + R"(","manifests":[)" +
          test::OciSource::descriptor(child, child_text.size(), std::string(oci::kOciManifest)) +
          "]}",
      oci::kOciIndex);
  const Sha256Digest signature = source_.image("signature", subject(child, child_text.size()));
  const std::string old_text = source_.image_text("old layer");
  const Sha256Digest old = source_.manifest(old_text, oci::kOciManifest);
  const Sha256Digest about_old = source_.image("about old", subject(old, old_text.size()));
  const Sha256Digest tagged = source_.image("tagged layer");
  source_.tag("v1", index);
  source_.tag("v2", tagged);

  EXPECT_THAT(pruner_.loose(entry()).value(), UnorderedElementsAre(old.hex(), about_old.hex()));

  proto::Record left = pruner_.without(entry(), {old.hex(), about_old.hex()}).value();
  left.set_ecosystem("oci");
  left.set_document("acme/base");
  proto::OciRepository repository;
  ASSERT_TRUE(repository.ParseFromString(left.body()));
  EXPECT_EQ(repository.manifests_size(), 4);
  EXPECT_EQ(repository.tags_size(), 2);
  // "{}", and the layers of three manifests; what only the old ones named is gone.
  EXPECT_EQ(repository.blobs_size(), 4);
  EXPECT_TRUE(OciRecordCheck().check(left, std::nullopt, blobs_));
  CatalogEntry after;
  after.document = "acme/base";
  after.body = left.body();
  EXPECT_THAT(pruner_.loose(after).value(), IsEmpty());
  EXPECT_THAT(repository.manifests(),
              testing::Contains(
                  testing::Property(&proto::OciManifest::sha256, test::as_string(signature))));
}

TEST_F(OciPrunerTest, ARepositoryOfWhichNothingIsLeftIsWithdrawn) {
  const Sha256Digest only = source_.image("layer");
  const auto record = pruner_.without(entry(), {only.hex()}).value();
  EXPECT_TRUE(record.withdrawn());
  EXPECT_EQ(record.blobs_size(), 0);
}

TEST_F(OciPrunerTest, AnIndexWhoseBytesAreGoneStopsIt) {
  const Sha256Digest index = source_.manifest(
      R"({"schemaVersion":2,"mediaType":")" + std::string(oci::kOciIndex) + R"(","manifests":[]})",
      oci::kOciIndex);
  source_.tag("v1", index);
  source_.image("untagged");
  blobs_.lose(index);
  EXPECT_FALSE(pruner_.loose(entry()));
}

}  // namespace
}  // namespace sluice::high
