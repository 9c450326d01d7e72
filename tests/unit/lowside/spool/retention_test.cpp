#include <gtest/gtest.h>

#include "tests/unit/lowside/spool/spool_fixture.h"

namespace sluice::low {
namespace {

class RetentionTest : public SpoolFixture {
 protected:
  RetentionTest() {
    settings_.passes = {std::chrono::seconds(0)};
    open().value();
  }
  bool holds(const std::string& bytes) {
    return blobs_->find(sha256(as_bytes(bytes))).value().has_value();
  }
  void pass_days(int days) { clock_.now += std::chrono::hours(24 * days); }
};

TEST_F(RetentionTest, DropsWhatWasSentAndIsOld) {
  settings_.keep_manifest_bytes = 0;
  ASSERT_TRUE(open());
  ASSERT_TRUE(ship("files", "a", "a"));
  ASSERT_TRUE(ship("files", "b", "b"));
  send();
  send();
  pass_days(29);
  EXPECT_EQ(spool_->retain().value().shipments, 0U);
  pass_days(2);
  ASSERT_TRUE(ship("files", "c", "c"));
  send();
  const Dropped dropped = spool_->retain().value();
  EXPECT_EQ(dropped.shipments, 2U);
  EXPECT_EQ(dropped.blobs, 2U);
  EXPECT_FALSE(holds("a"));
  EXPECT_TRUE(holds("c"));
  EXPECT_EQ(spool_->oldest_held(), ShipmentSequence(3));
  const auto gone = spool_->resend({{ShipmentSequence(2), ShipmentSequence(3)}});
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::kNotFound);
  EXPECT_NE(gone.error().message().find("shipment 2"), std::string::npos);
}

TEST_F(RetentionTest, DropsNothingByAgeWhereTheClockCannotBeReliedOn) {
  settings_.keep_bytes = 1500;
  ASSERT_TRUE(open());
  ASSERT_TRUE(ship("files", "a", std::string(1000, 'a')));
  ASSERT_TRUE(take("b", "unshipped"));
  send();
  pass_days(400);
  EXPECT_EQ(spool_->retain(Spool::Age::kIgnored).value().shipments, 0U);
  EXPECT_TRUE(holds("unshipped"));
  ASSERT_TRUE(ship("files", "c", std::string(1000, 'c')));
  send();
  EXPECT_EQ(spool_->retain(Spool::Age::kIgnored).value().shipments, 1U) << "bytes count";
}

TEST_F(RetentionTest, NumbersGoOnWhenNothingIsHeld) {
  ASSERT_TRUE(ship("files", "a", "a"));
  send();
  pass_days(31);
  EXPECT_EQ(spool_->retain().value().shipments, 1U);
  EXPECT_EQ(spool_->oldest_held(), ShipmentSequence(2));
  EXPECT_EQ(spool_->highest_sent(), ShipmentSequence(1));
  ASSERT_TRUE(open());
  EXPECT_EQ(spool_->oldest_held(), ShipmentSequence(2));
  EXPECT_EQ(spool_->highest_sent(), ShipmentSequence(1));
  EXPECT_EQ(ship("files", "b", "b").value(), ShipmentSequence(2));
}

TEST_F(RetentionTest, DropsTheOldestBeyondTheBytes) {
  settings_.keep_bytes = 3000;
  ASSERT_TRUE(open());
  for (const char* name : {"a", "b", "c", "d"}) {
    ASSERT_TRUE(ship("files", name, std::string(1000, name[0])));
    send();
  }
  EXPECT_EQ(spool_->retain().value().shipments, 2U);
  EXPECT_EQ(spool_->oldest_held(), ShipmentSequence(3));
  EXPECT_TRUE(holds(std::string(1000, 'a')));  // taken a moment ago: a poll may count on it
  pass_days(2);
  EXPECT_EQ(spool_->retain().value().blobs, 2U);
  EXPECT_FALSE(holds(std::string(1000, 'a')));
  EXPECT_TRUE(holds(std::string(1000, 'c')));
}

TEST_F(RetentionTest, NeverDropsWhatHasAPassOutstanding) {
  ASSERT_TRUE(ship("files", "a", "a"));
  ASSERT_TRUE(ship("files", "b", "b"));
  pass_days(40);
  EXPECT_EQ(spool_->retain().value().shipments, 0U);
  send();
  send();
  pass_days(40);
  ASSERT_TRUE(spool_->resend({{ShipmentSequence(1), ShipmentSequence(1)}}));
  EXPECT_EQ(spool_->retain().value().shipments, 0U);
  EXPECT_TRUE(holds("a"));
  send();
  EXPECT_EQ(spool_->retain().value().shipments, 0U);  // it was sent again just now
  pass_days(31);
  EXPECT_EQ(spool_->retain().value().shipments, 2U);
}

TEST_F(RetentionTest, KeepsBlobsThatAKeptShipmentCarries) {
  ASSERT_TRUE(ship("files", "a", "shared"));
  send();
  pass_days(20);
  ASSERT_TRUE(take("again", "shared", {DigestAlgorithm::kMd5}));
  ASSERT_TRUE(spool_->append("files", proposal("c", {{"b", {"shared"}}})));
  send();
  pass_days(15);
  const Dropped dropped = spool_->retain().value();
  EXPECT_EQ(dropped.shipments, 1U);
  EXPECT_EQ(dropped.blobs, 0U);
  EXPECT_TRUE(holds("shared"));
}

TEST_F(RetentionTest, CarriesABlobAgainWhoseCarrierIsGone) {
  ASSERT_TRUE(ship("files", "a", "x"));
  send();
  pass_days(31);
  ASSERT_TRUE(spool_->held(sha256(as_bytes("x"))).value());  // a poll counts on it
  EXPECT_EQ(spool_->retain().value().shipments, 1U);
  EXPECT_TRUE(holds("x"));
  ASSERT_TRUE(spool_->append("files", proposal("c", {{"b", {"x"}}})));
  EXPECT_EQ(due().blobs.size(), 1U);
}

TEST_F(RetentionTest, DropsBlobsThatNoShipmentEverCarried) {
  ASSERT_TRUE(take("a", "abandoned"));
  EXPECT_EQ(spool_->retain().value().blobs, 0U);
  pass_days(2);
  EXPECT_EQ(spool_->retain().value().blobs, 1U);
  EXPECT_FALSE(holds("abandoned"));
  EXPECT_FALSE(spool_->held(sha256(as_bytes("abandoned"))).value());
  EXPECT_EQ(blobs_->usage().blobs, 0U);
  ASSERT_TRUE(ship("files", "a", "abandoned"));
  EXPECT_EQ(due().blobs.size(), 1U);
}

class FullToTheLastByteTest : public RetentionTest {
 protected:
  // Five shipments are sent and within the budget; then the disk is full and the budget is lowered.
  void fill(std::uint64_t reserve) {
    settings_.reserve_bytes = reserve;
    open().value();
    for (const char* name : {"a", "b", "c", "d", "e"}) {
      ASSERT_TRUE(ship("files", name, std::string(1000, name[0])));
      send();
    }
    EXPECT_EQ(files_.exists(folder_ / "reserve").value(), reserve > 0);
    pass_days(2);
    space_->set_capacity(space_->used());
    settings_.keep_bytes = 1;
    open().value();
  }
};

TEST_F(FullToTheLastByteTest, CannotBeEmptiedWithoutAReserve) {
  fill(0);
  EXPECT_EQ(spool_->retain().error().code, ErrorCode::kExhausted);
  EXPECT_FALSE(spool_->without_reserve());
}

TEST_F(FullToTheLastByteTest, TheReserveIsGivenBackAndTakenAgain) {
  fill(2048);
  EXPECT_EQ(ship("files", "f", "f").error().code, ErrorCode::kExhausted);
  const auto dropped = spool_->retain();
  ASSERT_TRUE(dropped);
  EXPECT_EQ(dropped->shipments, 5U);
  EXPECT_EQ(dropped->blobs, 5U);
  EXPECT_FALSE(spool_->without_reserve());
  EXPECT_TRUE(files_.exists(folder_ / "reserve").value());
  EXPECT_TRUE(ship("files", "f", "f"));
}

// Else what is new would use up the space that retention needs.
TEST_F(FullToTheLastByteTest, NothingNewIsTakenUntilTheReserveIsBack) {
  fill(64 << 10);
  ASSERT_TRUE(spool_->retain());
  EXPECT_TRUE(spool_->without_reserve());  // what was dropped is less than twice the reserve
  EXPECT_GT(space_->free(), 64U << 10);
  EXPECT_EQ(ship("files", "f", "f").error().code, ErrorCode::kExhausted);
  EXPECT_EQ(spool_->append("files", proposal("cursor", {{"doc", {}}})).error().code,
            ErrorCode::kExhausted);
  EXPECT_TRUE(idle());
  space_->set_capacity(1 << 20);
  ASSERT_TRUE(spool_->retain());
  EXPECT_FALSE(spool_->without_reserve());
  EXPECT_TRUE(ship("files", "f", "f"));
}

}  // namespace
}  // namespace sluice::low
