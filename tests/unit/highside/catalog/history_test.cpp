// Comparing editions, and dropping states that no edition shows: against a model of the catalog.
#include <gmock/gmock.h>

#include <random>
#include <set>

#include "highside/catalog/catalog.h"
#include "tests/support/memory_store.h"

namespace sluice::high {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Model = std::map<std::string, std::string>;  // bodies by document

// A catalog and what each of its editions must show.
struct History {
  // Publishes documents with these bodies; "" withdraws.
  void publish(const std::vector<std::pair<std::string, std::string>>& documents) {
    proto::Shipment shipment;
    shipment.set_stream("s");
    shipment.set_sequence(models_.size());
    Catalog::Change change{shipment, {}, UtcTime()};
    Model model = models_.back();
    for (const auto& [document, body] : documents) {
      proto::Record& record = *shipment.add_records();
      record.set_ecosystem("file");
      record.set_document(document);
      record.set_body(body);
      record.add_blobs(body);
      record.set_withdrawn(body.empty());
      if (body.empty()) {
        model.erase(document);
      } else {
        model[document] = body;
      }
    }
    for (const proto::Record& record : shipment.records()) {
      change.records.push_back(&record);
    }
    catalog_.publish(change, {}).value();
    models_.push_back(std::move(model));
  }
  Model contents(std::uint64_t edition) const {
    Model found;
    catalog_
        .list(Edition(edition), "file", "",
              [&](const CatalogEntry& entry) {
                found[entry.document] = entry.body;
                return true;
              })
        .value();
    return found;
  }
  std::vector<std::string> differences(std::uint64_t from, std::uint64_t to) const {
    std::vector<std::string> all;
    catalog_
        .compare(Edition(from), Edition(to), "",
                 [&](const Catalog::Difference& one) {
                   all.push_back(one.document + ":" + (one.before ? one.before->body : "-") + ">" +
                                 (one.after ? one.after->body : "-"));
                   return true;
                 })
        .value();
    return all;
  }
  std::vector<std::string> expected_differences(std::uint64_t from, std::uint64_t to) const {
    std::map<std::string, std::pair<std::string, std::string>> both;
    for (const auto& [document, body] : models_[from]) {
      both[document] = {body, "-"};
    }
    for (const auto& [document, body] : models_[to]) {
      both.try_emplace(document, "-", "").first->second.second = body;
    }
    std::vector<std::string> all;
    for (const auto& [document, states] : both) {
      if (states.first != states.second) {
        all.push_back(document + ":" + states.first + ">" + states.second);
      }
    }
    return all;
  }
  // A random history of `editions` editions.
  void make_history(std::uint32_t seed, std::size_t editions) {
    std::mt19937 dice(seed);
    for (std::size_t edition = 1; edition <= editions; ++edition) {
      std::map<std::string, std::string> documents;
      for (std::size_t i = dice() % 6 + 1; i > 0; --i) {
        const std::string name = "d" + std::to_string(dice() % 12);
        documents[name] = dice() % 4 == 0 ? "" : "body " + std::to_string(dice() % 5);
      }
      publish({documents.begin(), documents.end()});
    }
  }

  test::FaultPlan plan_;
  test::MemoryStore index_{plan_};
  Catalog catalog_{index_};
  std::vector<Model> models_{{}};  // by edition
};

TEST(HistoryTest, ComparesExactly) {
  History history;
  history.publish({{"a", "1"}, {"b", "1"}, {"c", "1"}});
  history.publish({{"b", "2"}, {"c", ""}, {"d", "1"}});
  history.publish({{"b", "1"}, {"a", "1"}});
  EXPECT_THAT(history.differences(1, 2), ElementsAre("b:1>2", "c:1>-", "d:->1"));
  EXPECT_THAT(history.differences(2, 1), ElementsAre("b:2>1", "c:->1", "d:1>-"));
  EXPECT_THAT(history.differences(1, 3),
              ElementsAre("c:1>-", "d:->1"));  // a and b are what they were
  EXPECT_THAT(history.differences(2, 2), IsEmpty());
  EXPECT_THAT(history.differences(0, 1), ElementsAre("a:->1", "b:->1", "c:->1"));
}

TEST(HistoryTest, ComparesAnyTwoOfARandomHistoryAsTheModelDoes) {
  History history;
  history.make_history(1, 25);
  for (std::uint64_t from = 0; from <= 25; ++from) {
    for (std::uint64_t to = 0; to <= 25; ++to) {
      ASSERT_EQ(history.differences(from, to), history.expected_differences(from, to))
          << from << " " << to;
    }
  }
}

TEST(HistoryTest, AComparisonGoesOnBehindADocument) {
  History history;
  history.publish({{"a", "1"}, {"b", "1"}, {"c", "1"}});
  std::vector<std::string> found;
  std::string behind;
  for (int page = 0; page < 4; ++page) {
    history.catalog_
        .compare(Edition(0), Edition(1), behind,
                 [&](const Catalog::Difference& one) {
                   found.push_back(one.document);
                   behind = one.key;
                   return false;
                 })
        .value();
  }
  EXPECT_THAT(found, ElementsAre("a", "b", "c"));
}

// What is left of the index: how many states of documents.
std::size_t states(const History& history) {
  return history.index_.values(store::Family::kDocuments).size();
}

TEST(HistoryTest, ASweepLeavesEveryKeptEditionAsItWasAndNothingElse) {
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    History history;
    history.make_history(seed, 30);
    std::mt19937 dice(seed);
    const std::uint64_t oldest = dice() % 31;
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(history.catalog_.editions().add(
          {"s" + std::to_string(i), Edition(dice() % 31), UtcTime(), UtcTime(), ""}));
    }
    const std::size_t before = states(history);
    const KeptEditions dry = history.catalog_.editions().without_old(Edition(oldest), UtcTime());
    std::multiset<std::string> shown_dry;
    const auto looked = history.catalog_.sweep(
        dry, false, [&](const proto::StoredDocument& one) { shown_dry.insert(one.body()); });
    EXPECT_EQ(states(history), before);
    const KeptEditions kept =
        history.catalog_.editions().retire(Edition(oldest), UtcTime()).value();
    std::multiset<std::string> shown;
    const auto swept = history.catalog_.sweep(
        kept, true, [&](const proto::StoredDocument& one) { shown.insert(one.body()); });
    EXPECT_EQ(swept.value().dropped, looked.value().dropped);
    EXPECT_EQ(shown, shown_dry);
    EXPECT_EQ(states(history), before - swept.value().dropped);
    EXPECT_EQ(shown.size(), states(history));
    for (std::uint64_t edition = 0; edition <= 30; ++edition) {
      if (kept.contains(edition)) {
        EXPECT_EQ(history.contents(edition), history.models_[edition]) << edition;
      } else {
        EXPECT_EQ(history.catalog_.find(Edition(edition), "file", "d1").error().code,
                  ErrorCode::kUnavailable);
        EXPECT_FALSE(history.catalog_.readable(Edition(edition)));
      }
    }
    // Each state that is left is shown by a kept edition, or is the last one of its document.
    EXPECT_EQ(history.catalog_.sweep(kept, true, [](const auto&) {}).value().dropped, 0U);
  }
}

TEST(HistoryTest, ASweepGoesThroughMoreThanOnePiece) {
  History history;
  std::vector<std::pair<std::string, std::string>> documents;
  for (int i = 0; i < 1500; ++i) {
    documents.emplace_back("d" + std::to_string(i), "old");
  }
  history.publish(documents);
  for (auto& [document, body] : documents) {
    body = "new";
  }
  history.publish(documents);
  const KeptEditions kept = history.catalog_.editions().retire(Edition(2), UtcTime()).value();
  const auto swept = history.catalog_.sweep(kept, true, [](const auto&) {}).value();
  EXPECT_EQ(swept.states, 3000U);
  EXPECT_EQ(swept.dropped, 1500U);
  EXPECT_EQ(history.contents(2), history.models_[2]);
}

// Which shipment decided last is asked of it: an older one that comes late must not win.
TEST(HistoryTest, TheLastTombstoneStays) {
  History history;
  history.publish({{"a", "1"}});
  history.publish({{"a", ""}});
  history.publish({{"b", "1"}});
  const KeptEditions kept = history.catalog_.editions().retire(Edition(3), UtcTime()).value();
  EXPECT_EQ(history.catalog_.sweep(kept, true, [](const auto&) {}).value().dropped, 1U);
  EXPECT_TRUE(history.catalog_.state(Edition(3), "file", "a").value()->withdrawn);
  EXPECT_EQ(history.contents(3), history.models_[3]);
}

TEST(HistoryTest, AFailedSweepIsGoneOnWith) {
  History history;
  history.make_history(7, 20);
  const KeptEditions kept = history.catalog_.editions().retire(Edition(20), UtcTime()).value();
  history.plan_.fail_at(history.plan_.count(), ENOSPC);
  EXPECT_EQ(history.catalog_.sweep(kept, true, [](const auto&) {}).error().code,
            ErrorCode::kExhausted);
  EXPECT_GT(history.catalog_.sweep(kept, true, [](const auto&) {}).value().dropped, 0U);
  EXPECT_EQ(history.contents(20), history.models_[20]);
}

}  // namespace
}  // namespace sluice::high
