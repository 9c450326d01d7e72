#include "highside/catalog/catalog.h"

#include <gmock/gmock.h>

#include "tests/support/memory_store.h"

namespace sluice::high {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;

class CatalogTest : public testing::Test {
 protected:
  // Publishes documents with these bodies; "" withdraws.
  Result<Edition> publish(const std::vector<std::pair<std::string, std::string>>& documents,
                          const std::string& ecosystem = "file") {
    proto::Shipment shipment;
    shipment.set_stream("s");
    shipment.set_sequence(++sequence_);
    Catalog::Change change{shipment, {}, UtcTime(std::chrono::seconds(sequence_))};
    for (const auto& [document, body] : documents) {
      proto::Record& record = *shipment.add_records();
      record.set_ecosystem(ecosystem);
      record.set_document(document);
      record.set_body(body);
      record.set_withdrawn(body.empty());
    }
    for (const proto::Record& record : shipment.records()) {
      change.records.push_back(&record);
    }
    return catalog_.publish(change, {});
  }
  std::string body(std::uint64_t edition, const std::string& document) const {
    const auto entry = catalog_.find(Edition(edition), "file", document).value();
    return entry ? entry->body : "-";
  }
  std::vector<std::string> list(std::uint64_t edition, const std::string& prefix,
                                std::size_t limit = 100) const {
    std::vector<std::string> found;
    catalog_
        .list(Edition(edition), "file", prefix,
              [&](const CatalogEntry& entry) {
                found.push_back(entry.document + "=" + entry.body);
                return found.size() < limit;
              })
        .value();
    return found;
  }

  test::FaultPlan plan_;
  test::MemoryStore index_{plan_};
  Catalog catalog_{index_};
  std::uint64_t sequence_ = 0;
};

TEST_F(CatalogTest, EveryEditionStaysAsItWas) {
  ASSERT_TRUE(publish({{"a", "a1"}, {"b", "b1"}}));
  ASSERT_TRUE(publish({{"b", "b2"}, {"c", "c2"}}));
  ASSERT_TRUE(publish({{"a", ""}}));
  EXPECT_EQ(catalog_.current(), Edition(3));
  EXPECT_THAT(list(0, ""), ElementsAre());
  EXPECT_THAT(list(1, ""), ElementsAre("a=a1", "b=b1"));
  EXPECT_THAT(list(2, ""), ElementsAre("a=a1", "b=b2", "c=c2"));
  EXPECT_THAT(list(3, ""), ElementsAre("b=b2", "c=c2"));
  EXPECT_EQ(body(2, "a"), "a1");
  EXPECT_EQ(body(3, "a"), "-");
  EXPECT_TRUE(catalog_.state(Edition(3), "file", "a").value()->withdrawn);
}

TEST_F(CatalogTest, AnEntrySaysWhereItComesFrom) {
  ASSERT_TRUE(publish({{"a", "1"}}));
  ASSERT_TRUE(publish({{"b", "2"}}));
  const auto entry = catalog_.find(Edition(2), "file", "a").value();
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->document, "a");
  EXPECT_EQ(entry->since, Edition(1));
  EXPECT_EQ(entry->stream, "s");
  EXPECT_EQ(entry->sequence, ShipmentSequence(1));
  EXPECT_EQ(entry->published, UtcTime(std::chrono::seconds(1)));
}

TEST_F(CatalogTest, NamesAndEcosystemsDoNotMix) {
  // Each would read another's edition if keys were the plain names put together.
  ASSERT_TRUE(publish({{"a", "1"}, {"a\0"s, "2"}, {"a\0\0\0\0\0\0\0\x01"s, "3"}, {"ab", "4"}}));
  ASSERT_TRUE(publish({{"a", "other"}}, "fil"));
  ASSERT_TRUE(publish({{"ea", "other"}}, "fil"));
  EXPECT_EQ(body(3, "a"), "1");
  EXPECT_EQ(body(3, "a\0"s), "2");
  EXPECT_EQ(body(3, "a\0\0\0\0\0\0\0\x01"s), "3");
  EXPECT_THAT(list(3, "a\0"s), ElementsAre("a\0=2"s, "a\0\0\0\0\0\0\0\x01=3"s));
  EXPECT_EQ(list(3, "").size(), 4U);
}

TEST_F(CatalogTest, ListsByPrefixInByteOrderUntilEnough) {
  ASSERT_TRUE(publish({{"b/2", "x"}, {"b/10", "x"}, {"a", "x"}, {"b", "x"}, {"c", "x"}}));
  EXPECT_THAT(list(1, "b/"), ElementsAre("b/10=x", "b/2=x"));
  EXPECT_THAT(list(1, "b", 2), ElementsAre("b=x", "b/10=x"));
  EXPECT_THAT(list(1, "", 1), ElementsAre("a=x"));
  EXPECT_THAT(list(1, "zzz"), ElementsAre());
}

TEST_F(CatalogTest, AFailedPublishChangesNothing) {
  ASSERT_TRUE(publish({{"a", "1"}}));
  plan_.fail_at(plan_.count(), ENOSPC);
  EXPECT_EQ(publish({{"a", "2"}}).error().code, ErrorCode::kExhausted);
  EXPECT_EQ(catalog_.current(), Edition(1));
  EXPECT_EQ(body(1, "a"), "1");
  ASSERT_TRUE(publish({{"b", "3"}}));
  EXPECT_EQ(body(2, "a"), "1");
}

TEST_F(CatalogTest, TheEditionIsRemembered) {
  ASSERT_TRUE(publish({{"a", "1"}}));
  index_.crash(test::MemoryStore::Loss::kAll);
  Catalog again(index_);
  ASSERT_TRUE(again.load());
  EXPECT_EQ(again.current(), Edition(1));
  EXPECT_EQ(again.find(Edition(1), "file", "a").value()->body, "1");
}

}  // namespace
}  // namespace sluice::high
