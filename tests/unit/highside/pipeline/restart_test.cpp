// A restart at any point goes on where the last run stopped.
#include "tests/unit/highside/pipeline/shipment_fixture.h"

namespace sluice::test {
namespace {

using high::ShipmentState;
using observe::Metric;

class RestartTest : public ShipmentFixture {
 protected:
  SentShipment large_shipment(const std::vector<DigestAlgorithm>& aliases = {}) {
    proto::Shipment shipment = low_.shipment(1);
    add_blob(shipment, large_, aliases);
    add_record(shipment, "a", "body", {large_});
    return low_.sign(std::move(shipment));
  }
};

TEST_F(RestartTest, ABlobInAssemblyNeedsOnlyItsHoles) {
  const SentShipment sent = large_shipment({DigestAlgorithm::kSha512});
  send(low_.notice(sent)
           .whole(sent.manifest)
           .part(large_, 0, 100'000)
           .part(large_, 250'000, 50'000));
  ASSERT_TRUE(saw_parts(3));
  restart();
  ASSERT_TRUE(only_gap(ShipmentState::kWaitingForBlobs));
  EXPECT_EQ(high_->gaps()[0].missing.at(0).held, 150'000U);
  EXPECT_EQ(high_->assembler.status().reserved_bytes, 300'000U);
  send(low_.part(large_, 50'000, 50'000).part(large_, 100'000, 150'000));
  ASSERT_TRUE(high_->published(1));
  EXPECT_EQ(high_->count(Metric::kPartsTaken), 1U);
  EXPECT_EQ(high_->count(Metric::kPartsNotNeeded), 1U);
  EXPECT_TRUE(high_->store().verify(large_.digest));
  EXPECT_EQ(high_->store().resolve(hash(DigestAlgorithm::kSha512, large_.bytes)).value(),
            large_.digest);
}

TEST_F(RestartTest, AWholeShipmentWhoseBlobsAreHeldIsPublishedByItself) {
  proto::Shipment shipment = low_.shipment(2, {1});
  add_blob(shipment, small_);
  add_record(shipment, "a", "body", {small_});
  const SentShipment sent = low_.sign(shipment);
  send(low_.notice(sent).whole(sent.manifest).whole(small_));
  heartbeat(2, 1);
  ASSERT_TRUE(eventually([&] {
    const auto gaps = high_->gaps();
    return gaps.size() == 2 && gaps[1].state == ShipmentState::kWaitingForAfter;
  }));
  restart();
  send_one(1, "b", "first");
  ASSERT_TRUE(high_->published(2));
  EXPECT_EQ(high_->body("a"), "body");
}

TEST_F(RestartTest, AWholeFileThatWasNotCommittedIsTakenUp) {
  const SentShipment sent = large_shipment({DigestAlgorithm::kSha1});
  send(low_.notice(sent).whole(sent.manifest));
  ASSERT_TRUE(only_gap(ShipmentState::kWaitingForBlobs));
  high_.reset();
  // What a stop between the last byte and the commit leaves: the file and its progress.
  high::ProgressStore progress(posix_file_system(), index_, folder_ / "parts");
  const auto file = posix_file_system().open_for_writing(progress.path(large_.digest));
  ASSERT_TRUE((*file)->write_at(0, large_.bytes));
  high::Progress all{large_.digest, large_.bytes.size(), {}, UtcTime()};
  all.received.add({0, large_.bytes.size()});
  ASSERT_TRUE(progress.save(all));
  restart();
  ASSERT_TRUE(high_->published(1));
  EXPECT_EQ(high_->store().resolve(hash(DigestAlgorithm::kSha1, large_.bytes)).value(),
            large_.digest);
  EXPECT_EQ(high_->parts(), 0U);
}

TEST_F(RestartTest, ProgressWithoutItsFileAndFilesWithoutProgressAreForgotten) {
  const SentShipment sent = large_shipment();
  send(low_.notice(sent).whole(sent.manifest).part(large_, 0, 100'000));
  ASSERT_TRUE(saw_parts(2));
  high_.reset();
  const auto parts = folder_ / "parts";
  for (const auto& entry : std::filesystem::directory_iterator(parts)) {
    std::filesystem::rename(entry.path(), parts / (small_.digest.hex() + ".part"));
  }
  restart();
  EXPECT_TRUE(std::filesystem::is_empty(parts));
  EXPECT_TRUE(index_.values(store::Family::kParts).empty());
  send(low_.whole(large_));
  ASSERT_TRUE(high_->published(1));
}

TEST_F(RestartTest, ATruncatedFileIsForgotten) {
  const SentShipment sent = large_shipment();
  send(low_.notice(sent).whole(sent.manifest).part(large_, 0, 100'000));
  ASSERT_TRUE(saw_parts(2));
  high_.reset();
  std::filesystem::resize_file(folder_ / "parts" / (large_.digest.hex() + ".part"), 99'999);
  restart();
  EXPECT_EQ(high_->assembler.status().blobs, 0U);
  send(low_.whole(large_));
  ASSERT_TRUE(high_->published(1));
}

TEST_F(RestartTest, DamagedBytesAreFoundAtTheEnd) {
  const SentShipment sent = large_shipment();
  send(low_.notice(sent).whole(sent.manifest).part(large_, 0, 100'000));
  ASSERT_TRUE(saw_parts(2));
  high_.reset();
  {
    const auto file =
        posix_file_system().open_for_writing(folder_ / "parts" / (large_.digest.hex() + ".part"));
    ASSERT_TRUE((*file)->write_at(50, as_bytes("damaged")));
  }
  restart();
  send(low_.part(large_, 100'000, 200'000));
  ASSERT_TRUE(eventually([&] { return high_->count(Metric::kBlobsBad) == 1; }));
  ASSERT_TRUE(eventually([&] { return high_->assembler.status().blobs == 0; }));
  EXPECT_FALSE(is_stored(large_));
  send(low_.whole(large_));
  ASSERT_TRUE(high_->published(1));
}

}  // namespace
}  // namespace sluice::test
