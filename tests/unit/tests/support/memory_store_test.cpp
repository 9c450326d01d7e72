#include "tests/support/memory_store.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

namespace sluice::test {
namespace {

using store::Batch;
using store::Durability;
using store::Family;
using Loss = MemoryStore::Loss;

class MemoryStoreTest : public testing::Test {
 protected:
  Result<void> put(const std::string& key, const std::string& value, Durability durability) {
    Batch batch;
    batch.put(Family::kGaps, key, value);
    return store_.write(batch, durability);
  }
  std::string get(const std::string& key) {
    return store_.get(Family::kGaps, key).value().value_or("(none)");
  }

  FaultPlan plan_;
  MemoryStore store_{plan_};
};

TEST_F(MemoryStoreTest, LosesUnsyncedWrites) {
  ASSERT_TRUE(put("a", "1", Durability::kSynced));
  ASSERT_TRUE(put("a", "2", Durability::kUnsynced));
  EXPECT_EQ(get("a"), "2");
  store_.crash(Loss::kAll);
  EXPECT_EQ(get("a"), "1");
}

TEST_F(MemoryStoreTest, ASyncedWriteKeepsTheEarlierOnes) {
  ASSERT_TRUE(put("a", "1", Durability::kUnsynced));
  ASSERT_TRUE(put("b", "1", Durability::kSynced));
  store_.crash(Loss::kAll);
  EXPECT_EQ(get("a"), "1");
}

TEST_F(MemoryStoreTest, NeverKeepsALaterWriteWithoutTheEarlier) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    MemoryStore store;
    for (const char* key : {"a", "b"}) {
      Batch batch;
      batch.put(Family::kGaps, key, "1");
      ASSERT_TRUE(store.write(batch, Durability::kUnsynced));
    }
    store.crash(Loss::kRandom, seed);
    std::string kept;
    for (const auto& [key, value] : store.values(Family::kGaps)) {
      kept += key;
    }
    outcomes.insert(kept);
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"", "a", "ab"}));
}

TEST_F(MemoryStoreTest, AFailedWriteMayComeBackUntilALaterOneSucceeds) {
  plan_.fail_at(0, ENOSPC);
  EXPECT_EQ(put("a", "1", Durability::kSynced).error().code, ErrorCode::kExhausted);
  EXPECT_EQ(get("a"), "(none)");
  store_.crash(Loss::kNone);
  EXPECT_EQ(get("a"), "1");

  plan_.fail_at(plan_.count(), ENOSPC);
  EXPECT_FALSE(put("b", "1", Durability::kSynced));
  EXPECT_TRUE(put("c", "1", Durability::kSynced));
  store_.crash(Loss::kNone);
  EXPECT_EQ(get("b"), "(none)");
  EXPECT_EQ(get("c"), "1");
}

TEST_F(MemoryStoreTest, ScansAndSeeksLikeAnOrderedStore) {
  for (const char* key : {"a9", "b1", "b3", "c"}) {
    ASSERT_TRUE(put(key, key, Durability::kSynced));
  }
  std::string seen;
  ASSERT_TRUE(store_.scan(Family::kGaps, "b", "b2", [&](std::string_view key, std::string_view) {
    seen += key;
    return true;
  }));
  EXPECT_EQ(seen, "b3");
  EXPECT_EQ(store_.last_at_or_before(Family::kGaps, "b", "b2").value()->first, "b1");
  EXPECT_FALSE(store_.last_at_or_before(Family::kGaps, "b", "b0").value());
}

TEST_F(MemoryStoreTest, ReadsFailByPlan) {
  ASSERT_TRUE(put("a", "1", Durability::kSynced));
  plan_.fail_read_at(1, EIO);
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(store_.get(Family::kGaps, "a").error().code, ErrorCode::kIo);
  plan_.fail_reads_from(0, EMFILE);
  const auto none = [](std::string_view, std::string_view) { return true; };
  EXPECT_EQ(store_.scan(Family::kGaps, "", "", none).error().code, ErrorCode::kExhausted);
  EXPECT_FALSE(store_.last_at_or_before(Family::kGaps, "", "b"));
  EXPECT_TRUE(put("b", "1", Durability::kSynced));
}

TEST_F(MemoryStoreTest, ADiskThatIsFullToTheLastByteCannotEvenRemove) {
  const auto space = std::make_shared<DiskSpace>(20);
  MemoryStore store(plan_, space);
  Batch put;
  put.put(Family::kGaps, "key", std::string(15, 'v'));
  ASSERT_TRUE(store.write(put, Durability::kSynced));
  EXPECT_EQ(space->used(), 18U);
  Batch remove;
  remove.remove(Family::kGaps, "key");
  EXPECT_EQ(store.write(remove, Durability::kSynced).error().code, ErrorCode::kExhausted);
  EXPECT_EQ(store.get(Family::kGaps, "key").value().value_or(""), std::string(15, 'v'));
  space->set_capacity(21);
  ASSERT_TRUE(store.write(remove, Durability::kUnsynced));
  EXPECT_EQ(space->used(), 0U);
  store.crash(Loss::kAll);
  EXPECT_EQ(space->used(), 18U);
}

TEST_F(MemoryStoreTest, Rots) {
  ASSERT_TRUE(put("a", "f", Durability::kSynced));
  EXPECT_TRUE(store_.rot(Family::kGaps, "a", 0));
  EXPECT_EQ(get("a"), "g");
  store_.crash(Loss::kAll);
  EXPECT_EQ(get("a"), "g");
  EXPECT_FALSE(store_.rot(Family::kGaps, "b", 0));
}

}  // namespace
}  // namespace sluice::test
