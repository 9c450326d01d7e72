// Shipments that wait for more blobs than the publisher keeps track of.
#include "tests/unit/highside/pipeline/shipment_fixture.h"

namespace sluice::test {
namespace {

constexpr std::size_t kRoom = 3;

class WaitingBlobsTest : public ShipmentFixture {
 protected:
  void SetUp() override {
    high_ = std::make_unique<HighSide>(
        Disk{index_, posix_file_system(), folder_.path()},
        HighSide::Streams{{"lab-low", low_.key().verify_key()}}, [](high::AssemblerSettings&) {},
        high::PublisherSettings{.waiting_blobs = kRoom,
                                .retry_every = std::chrono::milliseconds(1)});
  }
  // Its notice and manifest arrive, its blobs do not.
  std::vector<SentBlob> announce(std::uint64_t sequence, std::size_t count) {
    proto::Shipment shipment = low_.shipment(sequence);
    std::vector<SentBlob> blobs;
    for (std::size_t i = 0; i < count; ++i) {
      blobs.emplace_back(noise(500, static_cast<std::uint32_t>(sequence * 100 + i)));
      add_blob(shipment, blobs.back());
    }
    add_record(shipment, "document " + std::to_string(sequence), "body", blobs);
    const SentShipment sent = low_.sign(std::move(shipment));
    send(low_.notice(sent).whole(sent.manifest));
    return blobs;
  }
  bool waits_for_blobs(std::uint64_t sequence) {
    return eventually([&] {
      for (const high::Gap& gap : high_->gaps()) {
        if (gap.first == ShipmentSequence(sequence)) {
          return gap.state == high::ShipmentState::kWaitingForBlobs;
        }
      }
      return false;
    });
  }
};

TEST_F(WaitingBlobsTest, IsPublishedAllTheSameAndNeverTakesMoreRoom) {
  const auto blobs = announce(1, kRoom + 3);
  ASSERT_TRUE(waits_for_blobs(1));
  for (const SentBlob& blob : blobs) {
    EXPECT_EQ(high_->publisher.status().waiting_blobs, 0U);
    EXPECT_EQ(high_->catalog.current(), Edition(0));
    send(low_.whole(blob));
    ASSERT_TRUE(eventually([&] { return is_stored(blob); }));
  }
  ASSERT_TRUE(high_->published(1));
  EXPECT_EQ(high_->body("document 1"), "body");
}

TEST_F(WaitingBlobsTest, OneThatFitsIsKeptTrackOfBesideOneThatDoesNot) {
  const auto fitting = announce(1, kRoom - 1);
  ASSERT_TRUE(waits_for_blobs(1));
  EXPECT_EQ(high_->publisher.status().waiting_blobs, kRoom - 1);
  const auto other = announce(2, 2);
  ASSERT_TRUE(waits_for_blobs(2));
  EXPECT_EQ(high_->publisher.status().waiting_blobs, kRoom - 1);
  send(low_.whole(other[0]).whole(other[1]));
  ASSERT_TRUE(high_->published(1));
  EXPECT_EQ(high_->body("document 2"), "body");
  send(low_.whole(fitting[0]).whole(fitting[1]));
  ASSERT_TRUE(high_->published(2));
  EXPECT_EQ(high_->publisher.status().waiting_blobs, 0U);
}

}  // namespace
}  // namespace sluice::test
