#include "highside/catalog/editions.h"

#include <gmock/gmock.h>

#include "tests/support/memory_store.h"

namespace sluice::high {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

UtcTime at(std::int64_t seconds) { return UtcTime(std::chrono::seconds(seconds)); }

class EditionsTest : public testing::Test {
 protected:
  static Snapshot snapshot(const std::string& name, std::uint64_t edition,
                           UtcTime expires = UtcTime()) {
    return {name, Edition(edition), at(100), expires, "for the audit"};
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const Snapshot& one : editions_.snapshots()) {
      all.push_back(one.name + "=" + std::to_string(one.edition.value()));
    }
    return all;
  }

  test::FaultPlan plan_;
  test::MemoryStore index_{plan_};
  Editions editions_{index_};
};

TEST_F(EditionsTest, ANameKeepsItsEditionUntilItIsDeleted) {
  ASSERT_TRUE(editions_.add(snapshot("2026-q4", 3)));
  const auto again = editions_.add(snapshot("2026-q4", 5));
  EXPECT_EQ(again.error().code, ErrorCode::kRefused);
  EXPECT_THAT(again.error().message(), HasSubstr("edition 3 already"));
  EXPECT_EQ(editions_.find_snapshot("2026-q4")->edition, Edition(3));
  ASSERT_TRUE(editions_.remove("2026-q4"));
  EXPECT_FALSE(editions_.find_snapshot("2026-q4"));
  EXPECT_EQ(editions_.remove("2026-q4").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(editions_.add(snapshot("2026-q4", 5)));
  EXPECT_THAT(names(), ElementsAre("2026-q4=5"));
}

TEST_F(EditionsTest, NamesAreNeverTakenForNumbersOrPaths) {
  for (const char* name : {"a", "2026-q4", "A.b_c-9", "17a", "currents"}) {
    EXPECT_TRUE(check_snapshot_name(name)) << name;
  }
  for (const std::string& name :
       {std::string(), std::string("17"), std::string("current"), std::string("a/b"),
        std::string(".."), std::string(".a"), std::string("-a"), std::string("a b"),
        std::string("a%62"), std::string("ä"), std::string("a\n"), std::string(65, 'a')}) {
    EXPECT_EQ(check_snapshot_name(name).error().code, ErrorCode::kInvalid) << name;
    EXPECT_EQ(editions_.add(snapshot(name, 1)).error().code, ErrorCode::kInvalid) << name;
  }
  EXPECT_TRUE(check_snapshot_name(std::string(64, 'a')));
  Snapshot wordy = snapshot("a", 1);
  wordy.note = std::string(Editions::kMaxNoteBytes + 1, 'x');
  EXPECT_EQ(editions_.add(wordy).error().code, ErrorCode::kInvalid);
}

TEST_F(EditionsTest, WhatIsOldAndWithoutANameIsLetGoOf) {
  ASSERT_TRUE(editions_.add(snapshot("kept", 2)));
  ASSERT_TRUE(editions_.add(snapshot("short", 3, at(500))));
  EXPECT_TRUE(editions_.without_old(Edition(6), at(499)).contains(3));
  EXPECT_FALSE(editions_.without_old(Edition(6), at(500)).contains(3));
  EXPECT_TRUE(editions_.kept(Edition(1)));  // that was only asked

  const KeptEditions kept = editions_.retire(Edition(6), at(500)).value();
  EXPECT_EQ(kept.oldest, 6U);
  EXPECT_THAT(kept.named, ElementsAre(2));
  EXPECT_THAT(names(), ElementsAre("kept=2"));
  for (const std::uint64_t edition : {2U, 6U, 7U}) {
    EXPECT_TRUE(editions_.kept(Edition(edition))) << edition;
  }
  for (const std::uint64_t edition : {1U, 3U, 5U}) {
    EXPECT_FALSE(editions_.kept(Edition(edition))) << edition;
  }
  EXPECT_EQ(editions_.add(snapshot("late", 5)).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(editions_.add(snapshot("beside", 2)));
  EXPECT_EQ(editions_.retire(Edition(4), at(500)).value().oldest, 6U);  // never back
  ASSERT_TRUE(editions_.remove("kept"));
  EXPECT_TRUE(editions_.kept(Edition(2)));
  ASSERT_TRUE(editions_.remove("beside"));
  EXPECT_FALSE(editions_.kept(Edition(2)));
}

TEST_F(EditionsTest, EverythingIsRememberedOverACrash) {
  ASSERT_TRUE(editions_.add(snapshot("a", 2, at(900))));
  ASSERT_TRUE(editions_.add(snapshot("b", 3)));
  ASSERT_TRUE(editions_.add(snapshot("c", 3, at(1))));
  ASSERT_TRUE(editions_.retire(Edition(5), at(2)));
  ASSERT_TRUE(editions_.remove("b"));
  index_.crash(test::MemoryStore::Loss::kAll);
  Editions again(index_);
  ASSERT_TRUE(again.load());
  EXPECT_EQ(again.oldest(), Edition(5));
  ASSERT_EQ(again.size(), 1U);
  const Snapshot read = *again.find_snapshot("a");
  EXPECT_EQ(read.edition, Edition(2));
  EXPECT_EQ(read.created, at(100));
  EXPECT_EQ(read.expires, at(900));
  EXPECT_EQ(read.note, "for the audit");
}

TEST_F(EditionsTest, AFailureChangesNothing) {
  ASSERT_TRUE(editions_.add(snapshot("a", 2, at(5))));
  plan_.fail_from(plan_.count(), ENOSPC);
  EXPECT_FALSE(editions_.add(snapshot("b", 2)));
  EXPECT_FALSE(editions_.remove("a"));
  EXPECT_FALSE(editions_.retire(Edition(9), at(6)));
  EXPECT_THAT(names(), ElementsAre("a=2"));
  EXPECT_EQ(editions_.oldest(), Edition(0));
}

TEST_F(EditionsTest, DamageIsNamed) {
  store::Batch batch;
  batch.put(store::Family::kMeta, "snapshot/a", "\xff\xff");
  ASSERT_TRUE(index_.write(batch, store::Durability::kSynced));
  EXPECT_THAT(editions_.load().error().message(), HasSubstr("snapshot a"));
}

TEST(KeptEditionsTest, AStateIsSeenByTheEditionsUpToTheNextOne) {
  const KeptEditions kept{10, {3, 6}};
  EXPECT_TRUE(kept.sees(1, 4));    // by 3
  EXPECT_TRUE(kept.sees(3, 4));    // by 3
  EXPECT_FALSE(kept.sees(1, 3));   // 3 shows the next one
  EXPECT_FALSE(kept.sees(4, 6));   // between the names
  EXPECT_TRUE(kept.sees(4, 7));    // by 6
  EXPECT_FALSE(kept.sees(7, 10));  // 10 shows the next one
  EXPECT_TRUE(kept.sees(7, 11));   // by 10
  EXPECT_TRUE(kept.sees(12, 13));  // by 12
}

}  // namespace
}  // namespace sluice::high
