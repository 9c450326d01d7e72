// Shipments of which only the manifest is left, and blobs that are gone.
#include <gmock/gmock.h>

#include "tests/unit/lowside/spool/spool_fixture.h"

namespace sluice::low {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

SequenceRange range(std::uint64_t first, std::uint64_t last) {
  return {ShipmentSequence(first), ShipmentSequence(last)};
}

class RefetchTest : public SpoolFixture {
 protected:
  void SetUp() override {
    settings_.passes = {std::chrono::seconds(0)};
    ASSERT_TRUE(open());
  }
  // Three shipments, of which the first two are dropped with their blobs.
  void drop_two() {
    for (const std::string name : {"a", "b", "c"}) {
      ASSERT_TRUE(take(name, "bytes of " + name, {DigestAlgorithm::kMd5}));
      ASSERT_TRUE(spool_->append("files", proposal(name, {{name, {"bytes of " + name}}})));
      manifests_.push_back(due().manifest);
      send();
      clock_.now += std::chrono::hours(24 * 20);
    }
    ASSERT_EQ(spool_->retain().value().shipments, 2U);
    ASSERT_FALSE(blobs_->find(sha256(as_bytes("bytes of a"))).value());
    ASSERT_EQ(spool_->oldest_held(), ShipmentSequence(3));
  }

  std::vector<Bytes> manifests_;
};

TEST_F(RefetchTest, WhatWasDroppedIsFetchedAndSentAsItWas) {
  drop_two();
  ASSERT_TRUE(open());
  EXPECT_EQ(spool_->resend({range(1, 3)}).value(), 3U);
  EXPECT_EQ(send(), 3U) << "what is held waits for nothing";
  EXPECT_TRUE(idle());

  const Refetch refetch = spool_->next_refetch().value().value();
  EXPECT_EQ(refetch.sequence, ShipmentSequence(1));
  ASSERT_EQ(refetch.missing.size(), 1U);
  const Refetch::Blob& missing = refetch.missing[0];
  EXPECT_EQ(missing.name, "a");
  EXPECT_EQ(missing.size, 10U);
  EXPECT_EQ(missing.uri, "https://user:secret@upstream.example/a?signature=1");
  EXPECT_EQ(missing.digests.size(), 2U);
  EXPECT_EQ(missing.digests.front(), Digest(sha256(as_bytes("bytes of a"))));
  EXPECT_EQ(spool_->next_refetch().value()->sequence, ShipmentSequence(1)) << "until it is done";

  ASSERT_TRUE(take("a", "bytes of a", {DigestAlgorithm::kMd5}));
  ASSERT_TRUE(spool_->refetched(ShipmentSequence(1)));
  const OutgoingPass pass = due();
  EXPECT_EQ(pass.sequence, ShipmentSequence(1));
  EXPECT_EQ(pass.manifest, manifests_[0]) << "the same signed bytes";
  EXPECT_TRUE(blobs_->verify(pass.blobs.at(0).digest));
  EXPECT_EQ(spool_->retain().value().blobs, 0U) << "it stays until it has been sent";
  EXPECT_EQ(send(), 1U);
  EXPECT_TRUE(idle());
  EXPECT_EQ(spool_->next_refetch().value()->sequence, ShipmentSequence(2));
  EXPECT_EQ(spool_->oldest_held(), ShipmentSequence(3)) << "it is not held for longer";
}

TEST_F(RefetchTest, WhatCannotBeFetchedIsSentWithWhatThereIs) {
  drop_two();
  ASSERT_TRUE(spool_->resend({range(2, 2)}));
  EXPECT_TRUE(idle());
  ASSERT_TRUE(spool_->refetched(ShipmentSequence(2)));
  EXPECT_EQ(send(), 2U);
  EXPECT_TRUE(idle());
  EXPECT_FALSE(spool_->next_refetch().value());
}

TEST_F(RefetchTest, WhatWaitsIsRememberedOverARestart) {
  drop_two();
  ASSERT_TRUE(spool_->resend({range(1, 2)}));
  ASSERT_TRUE(spool_->refetched(ShipmentSequence(1)));
  ASSERT_TRUE(open());
  EXPECT_EQ(spool_->next_refetch().value()->sequence, ShipmentSequence(2));
  EXPECT_TRUE(idle()) << "its blob is looked for once more";
  ASSERT_TRUE(spool_->refetched(ShipmentSequence(1)));
  EXPECT_EQ(send(), 1U);
}

TEST_F(RefetchTest, ABlobThatWasTakenOutIsFetchedBeforeItsShipmentIsSent) {
  ASSERT_TRUE(ship("files", "a", "bytes"));
  ASSERT_TRUE(ship("files", "b", "others"));
  EXPECT_EQ(send(), 1U);
  EXPECT_EQ(send(), 2U);
  const Sha256Digest digest = sha256(as_bytes("bytes"));
  EXPECT_THAT(spool_->lose({{digest, 5, "a bit is wrong"}}).value().at(0),
              HasSubstr("fetched again and sent by: sluice-low resend 1"));
  EXPECT_EQ(spool_->resend({range(1, 2)}).value(), 2U);
  EXPECT_EQ(send(), 2U);
  EXPECT_TRUE(idle());
  const Refetch refetch = spool_->next_refetch().value().value();
  ASSERT_EQ(refetch.missing.size(), 1U);
  EXPECT_THAT(refetch.missing[0].uri, HasSubstr("upstream.example/a"));
  ASSERT_TRUE(take("a", "bytes"));
  ASSERT_TRUE(spool_->refetched(ShipmentSequence(1)));
  EXPECT_EQ(send(), 1U);
  EXPECT_TRUE(idle());
  EXPECT_EQ(spool_->describe(ShipmentSequence(1)).value()->passes_sent, 2U);
}

TEST_F(RefetchTest, ManifestsAreKeptWithinTheirBudget) {
  settings_.keep_manifest_bytes = 600;  // of one shipment's manifest and address
  ASSERT_TRUE(open());
  drop_two();
  EXPECT_EQ(spool_->resend({range(1, 1)}).error().code, ErrorCode::kNotFound);
  EXPECT_THAT(spool_->resend({range(1, 1)}).error().message(), HasSubstr("the oldest is 2"));
  EXPECT_EQ(spool_->resend({range(2, 2)}).value(), 1U);
  settings_.keep_manifest_bytes = 0;
  ASSERT_TRUE(open());
  EXPECT_TRUE(spool_->retain());
  EXPECT_TRUE(spool_->next_refetch().value()) << "what waits to be sent stays";
}

// A file of a drop folder, and one that was made here.
TEST_F(RefetchTest, WhatWasNotFetchedHasNoAddress) {
  ASSERT_TRUE(spool_->take_made("made", "made bytes", {}, {}));
  ASSERT_TRUE(spool_->append("files", proposal("c", {{"made", {"made bytes"}}})));
  send();
  ASSERT_TRUE(spool_->lose({{sha256(as_bytes("made bytes")), 10, "a bit is wrong"}}));
  ASSERT_TRUE(spool_->resend({range(1, 1)}));
  EXPECT_TRUE(idle());
  EXPECT_EQ(spool_->next_refetch().value()->missing.at(0).uri, "");
}

}  // namespace
}  // namespace sluice::low
