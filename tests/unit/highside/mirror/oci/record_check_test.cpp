// What a store adds to the vectors of records (tests/vectors/record.json, read by unit.vectors).
#include "highside/mirror/oci/record_check.h"

#include <gtest/gtest.h>

#include "highside/mirror/oci/items.h"
#include "tests/unit/highside/mirror/oci/repository.h"

namespace sluice::high {
namespace {

class OciRecordCheckTest : public testing::Test {
 protected:
  test::MemoryBlobs blobs_;
  test::OciSource source_{blobs_};
  OciRecordCheck check_;
};

TEST_F(OciRecordCheckTest, RefusesWhatIsNotInTheStoreOrNotNamed) {
  source_.tag("latest", source_.image("layer"));
  EXPECT_TRUE(check_.check(source_.record(), std::nullopt, blobs_));
  proto::Record bad = source_.record();
  bad.clear_blobs();
  EXPECT_EQ(check_.check(bad, std::nullopt, blobs_).error().code, ErrorCode::kIntegrity);
  blobs_.lose(sha256(as_bytes("layer")));
  const auto refused = check_.check(source_.record(), std::nullopt, blobs_);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("not in the store"), std::string::npos);
}

TEST_F(OciRecordCheckTest, AManifestOfMoreThanCanBeReadIsNotRead) {
  const std::string text = source_.image_text("layer");
  const Sha256Digest large =
      blobs_.add(text + std::string(oci::kMaxManifestBytes + 1 - text.size(), ' '));
  source_.image("layer");
  proto::Record record = source_.record();
  proto::OciRepository body;
  ASSERT_TRUE(body.ParseFromString(record.body()));
  body.mutable_manifests(0)->set_sha256(test::as_string(large));
  body.mutable_manifests(0)->set_size(oci::kMaxManifestBytes + 1);
  record.set_body(body.SerializeAsString());
  record.add_blobs(test::as_string(large));
  const auto refused = check_.check(record, std::nullopt, blobs_);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("4 MiB"), std::string::npos);
}

TEST_F(OciRecordCheckTest, AWithdrawnRepositoryNeedsANameAlone) {
  proto::Record record;
  record.set_ecosystem("oci");
  record.set_document("docker.io/library/tiny");
  record.set_withdrawn(true);
  EXPECT_TRUE(check_.check(record, std::nullopt, blobs_));
  record.set_document("tiny");
  EXPECT_FALSE(check_.check(record, std::nullopt, blobs_));
}

TEST_F(OciRecordCheckTest, TellsWhatTwoStatesDifferIn) {
  const auto items = [&] {
    CatalogEntry entry;
    entry.body = source_.record().body();
    return oci_items(entry).value();
  };
  const Sha256Digest first = source_.image("layer");
  source_.tag("latest", first);
  const RecordItems before = items();
  EXPECT_EQ(before.size(), 4U);  // the tag, the manifest, its configuration, its layer
  EXPECT_EQ(before.at({"tag", "latest"}), oci::digest_text(first));
  const Sha256Digest second = source_.image("other layer");
  source_.tag("latest", second);
  RecordItems after = items();
  EXPECT_EQ(after.at({"tag", "latest"}), oci::digest_text(second));
  EXPECT_EQ(after.erase({"manifest", oci::digest_text(second)}), 1U);
  EXPECT_EQ(after.erase({"blob", oci::digest_text(sha256(as_bytes("other layer")))}), 1U);
  after[{"tag", "latest"}] = oci::digest_text(first);
  EXPECT_EQ(after, before);
}

}  // namespace
}  // namespace sluice::high
