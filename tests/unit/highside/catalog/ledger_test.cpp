// The ledger at its limits.
#include "highside/catalog/ledger.h"

#include <gtest/gtest.h>

#include "tests/support/memory_store.h"

namespace sluice::high {
namespace {

constexpr const char* kStream = "lab-low";

class LedgerTest : public testing::Test {
 protected:
  Ledger::Notice announce(std::uint64_t sequence) {
    return ledger_.announced(kStream, {ShipmentSequence(sequence), digest_, 100, 0}, UtcTime());
  }
  void publish(std::uint64_t sequence) {
    store::Batch batch;
    ledger_.put_published({kStream, sequence}, Edition(1), UtcTime(), batch);
    index_.write(batch, store::Durability::kSynced).value();
    ledger_.published({kStream, sequence});
  }
  const Ledger::Stream& stream() const { return ledger_.streams().at(kStream); }

  test::MemoryStore index_;
  Ledger ledger_{index_};
  const Sha256Digest digest_ = *Sha256Digest::from_bytes(Bytes(32, 7));
};

TEST_F(LedgerTest, TakesSoManyOpenShipmentsAndNoMore) {
  for (std::uint64_t sequence = 1; sequence <= Ledger::kMaxOpen; ++sequence) {
    ASSERT_EQ(announce(sequence), Ledger::Notice::kNew);
  }
  const std::uint64_t over = Ledger::kMaxOpen + 5;
  EXPECT_EQ(announce(over), Ledger::Notice::kTooMany);
  EXPECT_EQ(stream().open.size(), Ledger::kMaxOpen);
  EXPECT_EQ(ledger_.find({kStream, over}), nullptr);
  // Nothing is lost silently: it is a gap like those that were never heard of.
  EXPECT_EQ(stream().highest, over);
  EXPECT_EQ(ledger_.open_gaps(), over);
  EXPECT_EQ(announce(1), Ledger::Notice::kKnown);

  publish(1);
  EXPECT_EQ(announce(over), Ledger::Notice::kNew);
  EXPECT_EQ(announce(over + 1), Ledger::Notice::kTooMany);
}

TEST_F(LedgerTest, AnotherStreamHasRoomOfItsOwn) {
  for (std::uint64_t sequence = 1; sequence <= Ledger::kMaxOpen; ++sequence) {
    announce(sequence);
  }
  ASSERT_EQ(announce(Ledger::kMaxOpen + 1), Ledger::Notice::kTooMany);
  EXPECT_EQ(ledger_.announced("other", {ShipmentSequence(1), digest_, 100, 0}, UtcTime()),
            Ledger::Notice::kNew);
}

TEST_F(LedgerTest, TakesNoNumberBeyondTheLargest) {
  EXPECT_EQ(announce(0), Ledger::Notice::kBadSequence);
  EXPECT_EQ(announce(Ledger::kMaxSequence + 1), Ledger::Notice::kBadSequence);
  EXPECT_EQ(announce(~std::uint64_t{0}), Ledger::Notice::kBadSequence);
  EXPECT_EQ(announce(Ledger::kMaxSequence), Ledger::Notice::kNew);
  ledger_.heartbeat(kStream,
                    {UtcTime(), ShipmentSequence(~std::uint64_t{0}), ShipmentSequence(1), {}},
                    UtcTime());
  EXPECT_EQ(stream().highest, Ledger::kMaxSequence);
}

// A cause may name what the sender named, and there may be kMaxOpen of them.
TEST_F(LedgerTest, CutsCauses) {
  announce(1);
  announce(2);
  const std::string longest(Ledger::kMaxCauseBytes, 'x');
  EXPECT_TRUE(ledger_.hinder({kStream, 1}, longest + "one"));
  EXPECT_EQ(ledger_.find({kStream, 1})->cause, longest);
  EXPECT_FALSE(ledger_.hinder({kStream, 1}, longest + "another"));  // the same, as far as is kept
  ledger_.refuse({kStream, 2}, longest + "two");
  EXPECT_EQ(ledger_.find({kStream, 2})->cause, longest);
}

}  // namespace
}  // namespace sluice::high
