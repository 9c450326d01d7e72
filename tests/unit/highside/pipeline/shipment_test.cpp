// Whole shipments through assemble, commit and catalog, in all orders.
#include "tests/unit/highside/pipeline/shipment_fixture.h"

namespace sluice::test {
namespace {

using high::ShipmentState;
using observe::Metric;
using testing::ElementsAre;
using testing::IsEmpty;

class ShipmentTest : public ShipmentFixture {};

TEST_F(ShipmentTest, BecomesVisibleWithItsBlobsAndAliases) {
  proto::Shipment shipment = low_.shipment(1);
  add_blob(shipment, small_, {DigestAlgorithm::kSha512, DigestAlgorithm::kSha1});
  add_blob(shipment, large_, {DigestAlgorithm::kSha512, DigestAlgorithm::kMd5});
  add_record(shipment, "a", "body a", {small_, large_});
  const SentShipment sent = low_.sign(shipment);
  send(low_.notice(sent).whole(sent.manifest).whole(small_).whole(large_));
  ASSERT_TRUE(high_->published(1));
  EXPECT_EQ(high_->body("a"), "body a");
  EXPECT_EQ(high_->catalog.current(), Edition(1));
  for (const DigestAlgorithm algorithm : {DigestAlgorithm::kSha512, DigestAlgorithm::kMd5}) {
    EXPECT_EQ(high_->store().resolve(hash(algorithm, large_.bytes)).value(), large_.digest);
  }
  EXPECT_EQ(high_->store().resolve(hash(DigestAlgorithm::kSha1, small_.bytes)).value(),
            small_.digest);
  EXPECT_THAT(high_->gaps(), IsEmpty());
}

TEST_F(ShipmentTest, BlobsMayComeBeforeTheManifestAndThatBeforeItsNotice) {
  proto::Shipment shipment = low_.shipment(1);
  add_blob(shipment, small_, {DigestAlgorithm::kSha512});
  add_blob(shipment, large_, {DigestAlgorithm::kSha1});
  add_record(shipment, "a", "body a", {small_, large_});
  const SentShipment sent = low_.sign(shipment);
  send(low_.whole(small_).whole(large_));
  ASSERT_TRUE(eventually([&] { return is_stored(small_) && is_stored(large_); }));
  send(low_.whole(sent.manifest));
  ASSERT_TRUE(eventually([&] { return is_stored(sent.manifest); }));
  EXPECT_EQ(high_->catalog.current(), Edition(0));
  send(low_.notice(sent));
  ASSERT_TRUE(high_->published(1));
  EXPECT_EQ(high_->store().resolve(hash(DigestAlgorithm::kSha512, small_.bytes)).value(),
            small_.digest);
  EXPECT_EQ(high_->store().resolve(hash(DigestAlgorithm::kSha1, large_.bytes)).value(),
            large_.digest);
}

TEST_F(ShipmentTest, ASecondPassFillsOnlyTheHoles) {
  proto::Shipment shipment = low_.shipment(1);
  add_blob(shipment, large_);
  add_record(shipment, "a", "body a", {large_});
  const SentShipment sent = low_.sign(shipment);
  const auto send_pass = [&](std::uint32_t pass, bool with_middle) {
    send(low_.notice(sent, pass).whole(sent.manifest).part(large_, 0, 100'000));
    if (with_middle) {
      send(low_.part(large_, 100'000, 100'000));
    }
    send(low_.part(large_, 200'000, 100'000));
  };
  send_pass(0, false);
  ASSERT_TRUE(saw_parts(3));
  ASSERT_TRUE(only_gap(ShipmentState::kWaitingForBlobs));
  const high::Gap gap = high_->gaps().front();
  ASSERT_EQ(gap.missing.size(), 1U);
  EXPECT_EQ(gap.missing_blobs, 1U);
  EXPECT_EQ(gap.missing[0].digest, large_.digest);
  EXPECT_EQ(gap.missing[0].name, shipment.blobs(0).name());
  EXPECT_EQ(gap.missing[0].size, 300'000U);
  EXPECT_EQ(gap.missing[0].held, 200'000U);
  EXPECT_EQ(gap.missing_bytes, 100'000U);

  send_pass(1, true);
  ASSERT_TRUE(high_->published(1));
  ASSERT_TRUE(saw_parts(7));
  EXPECT_EQ(high_->count(Metric::kPartsTaken), 4U);
  EXPECT_EQ(high_->count(Metric::kPartsNotNeeded), 3U);
}

TEST_F(ShipmentTest, PartsInReverseOrderAndASmallBlobInTwoParts) {
  proto::Shipment shipment = low_.shipment(1);
  add_blob(shipment, small_, {DigestAlgorithm::kSha512});
  add_blob(shipment, large_, {DigestAlgorithm::kSha512});
  add_record(shipment, "a", "body a", {small_, large_});
  const SentShipment sent = low_.sign(shipment);
  send(low_.notice(sent).whole(sent.manifest));
  for (std::size_t offset = 300'000; offset > 0; offset -= 50'000) {
    send(low_.part(large_, offset - 50'000, 50'000));
  }
  send(low_.part(small_, 400, 600));
  send(low_.part(small_, 0, 500));  // overlaps
  ASSERT_TRUE(high_->published(1));
  for (const SentBlob* blob : {&small_, &large_}) {
    EXPECT_TRUE(high_->store().verify(blob->digest));
    EXPECT_EQ(high_->store().resolve(hash(DigestAlgorithm::kSha512, blob->bytes)).value(),
              blob->digest);
  }
  EXPECT_TRUE(eventually([&] { return high_->assembler.status().blobs == 0; }));
  EXPECT_EQ(high_->assembler.status().reserved_bytes, 0U);
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "parts"));
  EXPECT_THAT(index_.values(store::Family::kParts), IsEmpty());
}

TEST_F(ShipmentTest, AnEmptyBlobIsABlob) {
  const SentBlob empty{Bytes()};
  proto::Shipment shipment = low_.shipment(1);
  add_blob(shipment, empty);
  add_record(shipment, "a", "body a", {empty});
  const SentShipment sent = low_.sign(shipment);
  send(low_.notice(sent).whole(sent.manifest).whole(empty));
  ASSERT_TRUE(high_->published(1));
  EXPECT_TRUE(is_stored(empty));
}

TEST_F(ShipmentTest, APublishedShipmentIsNotPublishedAgain) {
  const SentShipment sent = send_one(1, "a", "body a");
  ASSERT_TRUE(high_->published(1));
  send(low_.notice(sent, 1).whole(sent.manifest));
  ASSERT_TRUE(eventually([&] { return high_->count(Metric::kRefusedOldShipments) == 1; }));
  ASSERT_TRUE(saw_parts(3));
  EXPECT_EQ(high_->catalog.current(), Edition(1));

  restart();  // it is remembered
  send(low_.notice(sent, 2).whole(sent.manifest));
  ASSERT_TRUE(eventually([&] { return high_->count(Metric::kRefusedOldShipments) == 1; }));
  EXPECT_EQ(high_->catalog.current(), Edition(1));
  EXPECT_EQ(high_->body("a"), "body a");
}

TEST_F(ShipmentTest, ARecordMayNameABlobOfAnEarlierShipment) {
  proto::Shipment first = low_.shipment(1);
  add_blob(first, small_);
  add_record(first, "a", "1", {small_});
  proto::Shipment second = low_.shipment(2);
  add_record(second, "b", "2", {small_});
  const SentShipment later = low_.sign(second);
  send(low_.notice(later).whole(later.manifest));
  ASSERT_TRUE(eventually([&] {
    const auto gaps = high_->gaps();
    return gaps.size() == 2 && gaps[1].state == ShipmentState::kWaitingForBlobs;
  }));
  const SentShipment earlier = low_.sign(first);
  send(low_.notice(earlier).whole(earlier.manifest).whole(small_));
  ASSERT_TRUE(high_->published(2));
  EXPECT_EQ(high_->body("b"), "2");
}

TEST_F(ShipmentTest, AWithdrawnDocumentIsGoneAndStaysGone) {
  send_one(2, "a", "old");
  ASSERT_TRUE(high_->published(1));
  proto::Shipment withdrawal = low_.shipment(5);
  add_record(withdrawal, "a", "").set_withdrawn(true);
  const SentShipment sent = low_.sign(withdrawal);
  send(low_.notice(sent).whole(sent.manifest));
  ASSERT_TRUE(high_->published(2));
  EXPECT_EQ(high_->body("a"), "");
  EXPECT_EQ(high_->catalog.find(Edition(1), "file", "a").value()->body, "old");

  send_one(3, "a", "older than the withdrawal");
  ASSERT_TRUE(high_->published(3));
  EXPECT_EQ(high_->body("a"), "");
  EXPECT_EQ(high_->count(Metric::kRecordsOutdated), 1U);
}

TEST_F(ShipmentTest, AnOlderRecordNeverReplacesANewerOne) {
  send_one(2, "a", "new");
  ASSERT_TRUE(high_->published(1));
  send_one(1, "a", "old");
  ASSERT_TRUE(high_->published(2));
  EXPECT_EQ(high_->body("a"), "new");
  EXPECT_EQ(high_->events.named("record.outdated").size(), 1U);
}

TEST_F(ShipmentTest, AfterALostOneOnlyItsOwnSourceWaits) {
  send_one(1, "a", "1");
  proto::Shipment lost = low_.shipment(2, {1});
  const SentBlob blob(noise(500, 77));
  add_blob(lost, blob);
  add_record(lost, "a", "2", {blob});
  const SentShipment middle = low_.sign(lost);
  send_one(3, "a", "3", {2});
  send_one(4, "elsewhere", "4");
  ASSERT_TRUE(high_->published(2));
  EXPECT_EQ(high_->body("a"), "1");
  EXPECT_EQ(high_->body("elsewhere"), "4");
  ASSERT_TRUE(eventually([&] {
    const auto gaps = high_->gaps();
    return gaps.size() == 2 && gaps[1].state == ShipmentState::kWaitingForAfter;
  }));
  const auto gaps = high_->gaps();
  EXPECT_EQ(gaps[0].first, ShipmentSequence(2));
  EXPECT_EQ(gaps[0].state, ShipmentState::kNeverHeard);
  EXPECT_THAT(gaps[0].blocks, ElementsAre(ShipmentSequence(3)));
  EXPECT_THAT(gaps[1].waits_for, ElementsAre(ShipmentSequence(2)));

  send(low_.notice(middle, 1).whole(middle.manifest).whole(blob));
  ASSERT_TRUE(high_->published(4));
  EXPECT_EQ(high_->body("a"), "3");
  EXPECT_EQ(high_->catalog.find(Edition(3), "file", "a").value()->body, "2");
  EXPECT_THAT(high_->gaps(), IsEmpty());
}

}  // namespace
}  // namespace sluice::test
