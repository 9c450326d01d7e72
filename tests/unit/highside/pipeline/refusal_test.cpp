// What is bad ends in a counter, an event that names it, and a gap; never in the catalog.
#include "tests/unit/highside/pipeline/shipment_fixture.h"

namespace sluice::test {
namespace {

using high::ShipmentState;
using observe::Metric;
using testing::HasSubstr;

class RefusalTest : public ShipmentFixture {
 protected:
  // The only gap is a refused shipment whose cause says this.
  void expect_refused(const std::string& cause) {
    ASSERT_TRUE(only_gap(ShipmentState::kRefused));
    EXPECT_THAT(high_->gaps().front().cause, HasSubstr(cause));
    EXPECT_EQ(high_->catalog.current(), Edition(0));
    ASSERT_EQ(high_->events.named("shipment.refused").size(), 1U);
    EXPECT_EQ(field(high_->events.named("shipment.refused")[0], "shipment"), "lab-low/1");
  }
  // A notice of stream "lab-low", whatever signed the manifest.
  void send_signed_by(const SentShipment& sent) {
    send(low_.notice(sent).whole(sent.manifest).whole(small_));
  }
};

TEST_F(RefusalTest, ABlockOfAnotherKey) {
  high_->assembler.block(low_.whole(small_).block(other_.key()));
  ASSERT_TRUE(saw_event("block.bad"));
  EXPECT_EQ(high_->count(Metric::kBadBlocks), 1U);
  EXPECT_EQ(high_->parts(), 0U);
}

TEST_F(RefusalTest, ABlockOfAnUnknownStream) {
  Sender stranger("stranger");
  send(stranger.whole(small_));
  ASSERT_TRUE(saw_event("block.bad"));
  EXPECT_EQ(high_->count(Metric::kBadBlocks), 1U);
  EXPECT_THAT(field(high_->events.named("block.bad")[0], "thing"), HasSubstr("stranger"));
}

TEST_F(RefusalTest, AManifestOfAnotherKey) {
  proto::Shipment shipment = low_.shipment(1);
  add_record(shipment, "a", "forged");
  send_signed_by(other_.sign(shipment));
  expect_refused("sign");
  EXPECT_EQ(high_->count(Metric::kManifestsBad), 1U);
}

TEST_F(RefusalTest, AManifestOfAnotherStreamOrNumber) {
  proto::Shipment shipment = low_.shipment(2);
  add_record(shipment, "a", "body");
  const SentShipment sent = low_.sign(shipment);
  proto::Shipment first = low_.shipment(1);
  SentShipment disguised = low_.sign(first);
  disguised.manifest = sent.manifest;
  send_signed_by(disguised);
  expect_refused("lab-low/2");
}

TEST_F(RefusalTest, AnotherManifestForAKnownNumber) {
  send_one(1, "a", "first");
  ASSERT_TRUE(high_->published(1));
  send_one(1, "a", "second");
  ASSERT_TRUE(saw_event("shipment.conflict"));
  EXPECT_EQ(high_->count(Metric::kManifestsBad), 1U);
  EXPECT_EQ(high_->body("a"), "first");
  EXPECT_EQ(high_->catalog.current(), Edition(1));
}

TEST_F(RefusalTest, ABlobOfAnotherDigestIsForgottenAndMayComeAgain) {
  proto::Shipment shipment = low_.shipment(1);
  add_blob(shipment, small_);
  add_blob(shipment, large_);
  add_record(shipment, "a", "body", {small_, large_});
  const SentShipment sent = low_.sign(shipment);
  SentBlob bad_small = small_;
  SentBlob bad_large = large_;
  bad_small.bytes[10] ^= 1U;
  bad_large.bytes[200'000] ^= 1U;
  send(low_.notice(sent).whole(sent.manifest).whole(bad_small).whole(bad_large));
  // The event comes after the counter.
  ASSERT_TRUE(eventually([&] { return high_->events.named("blob.bad").size() == 2; }));
  EXPECT_EQ(high_->count(Metric::kBlobsBad), 2U);
  ASSERT_TRUE(eventually([&] { return high_->assembler.status().blobs == 0; }));
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "parts"));
  ASSERT_TRUE(only_gap(ShipmentState::kWaitingForBlobs));
  EXPECT_EQ(high_->gaps().front().missing_bytes, 301'000U);

  send(low_.whole(small_).whole(large_));
  ASSERT_TRUE(high_->published(1));
}

TEST_F(RefusalTest, AFalseAliasWhetherKnownInTimeOrLate) {
  proto::Shipment shipment = low_.shipment(1);
  add_blob(shipment, small_, {DigestAlgorithm::kSha512});
  shipment.mutable_blobs(0)->mutable_aliases(0)->mutable_digest()->at(3) ^= 1;
  add_record(shipment, "a", "body", {small_});
  send_signed_by(low_.sign(shipment));
  expect_refused("sha512");
  EXPECT_EQ(high_->count(Metric::kRecordsRefused), 1U);
  EXPECT_FALSE(high_->store()
                   .resolve(*Digest::from_bytes(DigestAlgorithm::kSha512,
                                                as_bytes(shipment.blobs(0).aliases(0).digest())))
                   .value());

  proto::Shipment second = shipment;  // now the blob is held
  second.set_sequence(2);
  second.mutable_blobs(0)->mutable_aliases(0)->set_algorithm(proto::SHA1);
  second.mutable_blobs(0)->mutable_aliases(0)->mutable_digest()->resize(20);
  send_signed_by(low_.sign(second));
  ASSERT_TRUE(eventually([&] { return high_->count(Metric::kRecordsRefused) == 2; }));
  EXPECT_EQ(high_->catalog.current(), Edition(0));
}

TEST_F(RefusalTest, AFalseSize) {
  proto::Shipment shipment = low_.shipment(1);
  add_blob(shipment, small_);
  shipment.mutable_blobs(0)->set_size(999);
  add_record(shipment, "a", "body", {small_});
  send_signed_by(low_.sign(shipment));
  expect_refused("1000 bytes");
}

TEST_F(RefusalTest, ARecordThatItsEcosystemRefusesTakesTheWholeShipmentAlong) {
  proto::Shipment shipment = low_.shipment(1);
  add_record(shipment, "good", "good");
  add_record(shipment, "a", "bad");
  send_signed_by(low_.sign(shipment));
  expect_refused("its body is bad");
  EXPECT_EQ(high_->body("good"), "");
}

TEST_F(RefusalTest, AnUnknownEcosystemIsTriedAgainAtEachStart) {
  proto::Shipment shipment = low_.shipment(1);
  add_record(shipment, "a", "body").set_ecosystem("crates");
  send_signed_by(low_.sign(shipment));
  expect_refused("crates");
  restart();
  expect_refused("crates");
}

TEST_F(RefusalTest, AShipmentThatWaitsForALaterOne) {
  proto::Shipment shipment = low_.shipment(1, {1});
  add_record(shipment, "a", "body");
  send_signed_by(low_.sign(shipment));
  expect_refused("not before it");
}

}  // namespace
}  // namespace sluice::test
