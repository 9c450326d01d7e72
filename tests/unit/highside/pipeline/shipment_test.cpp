// Whole shipments through assemble, commit and catalog.
#include <gmock/gmock.h>

#include "tests/support/memory_store.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/highside/pipeline/high_side.h"

namespace sluice::test {
namespace {

using high::ShipmentState;
using observe::Metric;
using testing::ElementsAre;

class ShipmentTest : public testing::Test {
 protected:
  void SetUp() override { restart(); }

  // New objects over the same disk.
  void restart(const std::function<void(high::AssemblerSettings&)>& adjust = {}) {
    high_.reset();
    high_ = std::make_unique<HighSide>(Disk{index_, posix_file_system(), folder_.path()},
                                       HighSide::Streams{{"lab-low", low_.key().verify_key()},
                                                         {"other", other_.key().verify_key()}},
                                       adjust);
  }
  void send(Sender& sender) { high_->assembler.block(sender.block()); }
  bool saw_parts(std::uint64_t count) {
    return eventually([&] { return high_->parts() == count; });
  }
  Result<std::optional<store::BlobInfo>> stored(const SentBlob& blob) {
    return high_->store().find(blob.digest);
  }

  TemporaryFolder folder_;
  MemoryStore index_;
  Sender low_;
  Sender other_{"other"};
  std::unique_ptr<HighSide> high_;
  SentBlob small_{noise(1000, 1)};
  SentBlob large_{noise(300'000, 2)};
};

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
  EXPECT_THAT(high_->gaps(), ElementsAre());
}

TEST_F(ShipmentTest, BlobsMayComeBeforeTheManifest) {
  proto::Shipment shipment = low_.shipment(1);
  add_blob(shipment, small_, {DigestAlgorithm::kSha512});
  add_blob(shipment, large_, {DigestAlgorithm::kSha1});
  add_record(shipment, "a", "body a", {small_, large_});
  const SentShipment sent = low_.sign(shipment);
  send(low_.whole(small_).whole(large_));
  ASSERT_TRUE(eventually([&] { return stored(small_).value() && stored(large_).value(); }));
  send(low_.whole(sent.manifest));
  ASSERT_TRUE(eventually([&] { return stored(sent.manifest).value().has_value(); }));
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
  ASSERT_TRUE(eventually([&] {
    const auto gaps = high_->gaps();
    return gaps.size() == 1 && gaps[0].state == ShipmentState::kWaitingForBlobs;
  }));
  const high::Gap gap = high_->gaps().front();
  ASSERT_EQ(gap.missing.size(), 1U);
  EXPECT_EQ(gap.missing[0].digest, large_.digest);
  EXPECT_EQ(gap.missing[0].size, 300'000U);
  EXPECT_EQ(gap.missing[0].held, 200'000U);
  EXPECT_EQ(gap.missing_bytes, 100'000U);

  send_pass(1, true);
  ASSERT_TRUE(high_->published(1));
  ASSERT_TRUE(saw_parts(7));
  EXPECT_EQ(high_->count(Metric::kPartsTaken), 4U);
  EXPECT_EQ(high_->count(Metric::kPartsNotNeeded), 3U);
}

}  // namespace
}  // namespace sluice::test
