// What scrub finds damaged becomes a gap, is not served, and heals when it is sent again.
#include <cerrno>

#include "common/base/limits.h"
#include "common/store/blob_keys.h"
#include "tests/unit/highside/pipeline/shipment_fixture.h"

namespace sluice::test {
namespace {

using high::Gap;
using high::LostBlob;
using high::ShipmentState;
using observe::Metric;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class LostBlobsTest : public ShipmentFixture {
 protected:
  void SetUp() override {
    ShipmentFixture::SetUp();
    proto::Shipment shipment = low_.shipment(1);
    add_blob(shipment, small_, {DigestAlgorithm::kMd5});
    add_blob(shipment, large_, {DigestAlgorithm::kMd5});
    add_record(shipment, "a", "body", {small_, large_});
    sent_.emplace(low_.sign(std::move(shipment)));
    send_first();
    ASSERT_TRUE(high_->published(1));
    heartbeat(1, 1);
  }
  void send_first() {
    send(low_.notice(*sent_).whole(sent_->manifest).whole(small_).whole(large_));
  }
  void flip_a_bit(const SentBlob& blob) {
    if (blob.bytes.size() <= limits::kInlineBlobBytes) {
      ASSERT_TRUE(index_.rot(store::Family::kBlobs, store::blob_key(blob.digest), 77));
      return;
    }
    const std::string hex = blob.digest.hex();
    const auto path = folder_.path() / "store/blobs" / hex.substr(0, 2) / hex.substr(2, 2) / hex;
    Bytes bytes = read_file(posix_file_system(), path, 1 << 20).value();
    bytes[1000] ^= 4;
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    posix_file_system().open_for_writing(path).value()->write_at(0, bytes).value();
    ASSERT_FALSE(high_->store().verify(blob.digest));
  }
  std::vector<LostBlob> lose(const SentBlob& blob) {
    return high_->publisher.lose({{blob.digest, blob.bytes.size(), "a bit is wrong"}}).value();
  }
  bool is_lost(const SentBlob& blob) const { return high_->catalog.is_lost(blob.digest); }
  void expect_healed(const SentBlob& blob) {
    ASSERT_TRUE(eventually([&] { return !is_lost(blob); }));
    EXPECT_TRUE(high_->store().verify(blob.digest));
    EXPECT_EQ(high_->store().resolve(hash(DigestAlgorithm::kMd5, blob.bytes)).value(), blob.digest);
    EXPECT_TRUE(eventually([&] { return high_->gaps().empty(); }));
    EXPECT_TRUE(saw_event("blob.restored"));
    EXPECT_EQ(high_->catalog.current(), Edition(1));
  }

  std::optional<SentShipment> sent_;
};

TEST_F(LostBlobsTest, ADamagedBlobIsAGapUntilItIsSentAgain) {
  for (const SentBlob* blob : {&small_, &large_}) {
    flip_a_bit(*blob);
    const auto lost = lose(*blob);
    ASSERT_THAT(lost, SizeIs(1));
    EXPECT_THAT(lost[0].carriers, ElementsAre(high::ShipmentRef{"lab-low", 1}));
    EXPECT_THAT(lost[0].documents, ElementsAre("file a"));
    EXPECT_THAT(describe(lost[0]), testing::HasSubstr("sluice-low resend 1"));
    EXPECT_TRUE(is_lost(*blob));
    EXPECT_EQ(high_->store().open(blob->digest).error().code, ErrorCode::kNotFound);
    ASSERT_TRUE(only_gap(ShipmentState::kDamaged));
    const Gap gap = high_->gaps()[0];
    EXPECT_TRUE(gap.resendable);
    ASSERT_THAT(gap.missing, SizeIs(1));
    EXPECT_EQ(gap.missing[0].digest, blob->digest);
    EXPECT_EQ(gap.missing_bytes, blob->bytes.size());
    EXPECT_EQ(field(high_->events.named("blob.damaged").back(), "documents"), "file a");
    send_first();
    expect_healed(*blob);
  }
  EXPECT_EQ(high_->count(Metric::kDamagedBlobs), 2U);
}

TEST_F(LostBlobsTest, IsKnownOverARestart) {
  flip_a_bit(large_);
  lose(large_);
  restart();
  EXPECT_TRUE(is_lost(large_));
  ASSERT_TRUE(only_gap(ShipmentState::kDamaged));
  send_first();
  expect_healed(large_);
  restart();
  EXPECT_FALSE(is_lost(large_));
}

TEST_F(LostBlobsTest, ACrashBetweenNamingAndRemovingIsMadeGood) {
  flip_a_bit(large_);
  ASSERT_TRUE(
      high_->catalog.lost().add({{large_.digest, sent_->shipment.blobs(1), "", {}, {}, {}}}));
  ASSERT_TRUE(
      high_->catalog.lost().add({{small_.digest, sent_->shipment.blobs(0), "", {}, {}, {}}}));
  restart();
  EXPECT_TRUE(is_lost(large_));
  EXPECT_FALSE(is_stored(large_));
  EXPECT_FALSE(is_lost(small_));  // it had come again
  EXPECT_TRUE(is_stored(small_));
}

TEST_F(LostBlobsTest, OpenShipmentsWaitForItAndAreNamed) {
  proto::Shipment shipment = low_.shipment(2);
  const SentBlob other(noise(900, 5));
  add_blob(shipment, other);
  add_record(shipment, "b", "body 2", {small_, other});
  const SentShipment second = low_.sign(std::move(shipment));
  send(low_.notice(second).whole(second.manifest));
  ASSERT_TRUE(only_gap(ShipmentState::kWaitingForBlobs));

  flip_a_bit(small_);
  lose(small_);
  ASSERT_TRUE(eventually([&] {
    const auto gaps = high_->gaps();
    return gaps.size() == 2 && gaps[0].state == ShipmentState::kDamaged &&
           gaps[0].blocks == std::vector{ShipmentSequence(2)} && gaps[1].missing_blobs == 2;
  }));
  send(low_.whole(other));
  ASSERT_TRUE(eventually([&] { return is_stored(other); }));
  ASSERT_TRUE(eventually([&] { return high_->gaps()[1].missing_blobs == 1; }));
  EXPECT_EQ(high_->body("b"), "");
  send_first();
  ASSERT_TRUE(high_->published(2));
  EXPECT_EQ(high_->body("b"), "body 2");
  EXPECT_THAT(high_->gaps(), IsEmpty());
}

TEST_F(LostBlobsTest, AManifestComesAgainToo) {
  const auto lost = lose(sent_->manifest);
  EXPECT_THAT(lost[0].carriers, ElementsAre(high::ShipmentRef{"lab-low", 1}));
  ASSERT_TRUE(only_gap(ShipmentState::kDamaged));
  EXPECT_EQ(high_->gaps()[0].missing[0].name, "manifest");
  send_first();
  ASSERT_TRUE(eventually([&] { return !is_lost(sent_->manifest); }));
  EXPECT_TRUE(is_stored(sent_->manifest));
}

TEST_F(LostBlobsTest, WhatNothingNeedsIsOnlyRemoved) {
  const SentBlob stray(noise(300, 9));
  send(low_.whole(stray));
  ASSERT_TRUE(eventually([&] { return is_stored(stray); }));
  const auto lost = lose(stray);
  EXPECT_THAT(lost[0].carriers, IsEmpty());
  EXPECT_THAT(lost[0].documents, IsEmpty());
  EXPECT_FALSE(is_stored(stray));
  EXPECT_FALSE(is_lost(stray));
  EXPECT_THAT(high_->gaps(), IsEmpty());
}

TEST_F(LostBlobsTest, WhatOnlyAnOpenShipmentCarriesIsItsGap) {
  proto::Shipment shipment = low_.shipment(2);
  const SentBlob here(noise(900, 5));
  const SentBlob missing(noise(900, 6));
  add_blob(shipment, here);
  add_blob(shipment, missing);
  add_record(shipment, "b", "body", {here, missing});
  const SentShipment second = low_.sign(std::move(shipment));
  send(low_.notice(second).whole(second.manifest).whole(here));
  ASSERT_TRUE(eventually([&] { return is_stored(here); }));
  lose(here);
  EXPECT_FALSE(is_lost(here));
  send(low_.whole(missing));
  ASSERT_TRUE(eventually([&] { return is_stored(missing); }));
  ASSERT_TRUE(only_gap(ShipmentState::kWaitingForBlobs));
  EXPECT_EQ(high_->body("b"), "");
  send(low_.whole(here));
  ASSERT_TRUE(high_->published(2));
}

// A newer shipment carries it once more, for a new alias: that one is held longest.
TEST_F(LostBlobsTest, TheLatestCarrierIsNamed) {
  proto::Shipment shipment = low_.shipment(2);
  add_blob(shipment, small_, {DigestAlgorithm::kSha1});
  add_record(shipment, "a", "body 2", {small_, large_});
  const SentShipment second = low_.sign(std::move(shipment));
  send(low_.notice(second).whole(second.manifest));
  ASSERT_TRUE(high_->published(2));
  EXPECT_THAT(lose(small_)[0].carriers, ElementsAre(high::ShipmentRef{"lab-low", 2}));
}

class LostBlobsIndexTest : public testing::Test {
 protected:
  FaultPlan plan_;
  MemoryStore index_{plan_};
  high::LostBlobs lost_{index_};
  const SentBlob blob_{noise(10, 1)};
};

TEST_F(LostBlobsIndexTest, AFailureChangesNothing) {
  plan_.fail_at(0, ENOSPC);
  EXPECT_FALSE(lost_.add({{blob_.digest, {}, "", {}, {}, {}}}));
  EXPECT_FALSE(lost_.contains(blob_.digest));
  EXPECT_TRUE(lost_.empty());
  ASSERT_TRUE(lost_.add({{blob_.digest, {}, "cause", {}, {{"s", 3}}, {"npm x"}}}));
  EXPECT_TRUE(lost_.contains(blob_.digest));

  high::LostBlobs again(index_);
  ASSERT_TRUE(again.load());
  ASSERT_THAT(again.all(), SizeIs(1));
  EXPECT_EQ(again.all()[0].cause, "cause");
  EXPECT_THAT(again.all()[0].documents, ElementsAre("npm x"));
  EXPECT_TRUE(again.found(blob_.digest));
  EXPECT_FALSE(again.found(blob_.digest));
  plan_.fail_at(plan_.count(), EIO);
  EXPECT_FALSE(again.save());
  EXPECT_TRUE(again.save());
  high::LostBlobs third(index_);
  ASSERT_TRUE(third.load());
  EXPECT_TRUE(third.empty());
}

}  // namespace
}  // namespace sluice::test
