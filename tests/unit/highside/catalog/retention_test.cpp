#include "highside/catalog/retention.h"

#include <gmock/gmock.h>

#include "common/base/text.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_store.h"

namespace sluice::high {
namespace {

using namespace std::chrono_literals;
constexpr std::chrono::hours kDay{24};

// A document's body is its parts, "a b c*", those with a star being tagged.
class WordPruner final : public Pruner {
 public:
  std::string_view ecosystem() const override { return "npm"; }
  Result<std::vector<std::string>> loose(const CatalogEntry& entry) const override {
    std::vector<std::string> found;
    for (const std::string_view part : split(entry.body, ' ')) {
      if (!part.ends_with('*')) {
        found.emplace_back(part);
      }
    }
    return found;
  }
  Result<proto::Record> without(const CatalogEntry& entry,
                                const std::set<std::string>& parts) const override {
    std::string body;
    for (const std::string_view part : split(entry.body, ' ')) {
      if (!parts.contains(std::string(part))) {
        body += (body.empty() ? "" : " ") + std::string(part);
      }
    }
    proto::Record record;
    record.set_body(body);
    record.set_withdrawn(body.empty());
    return record;
  }
};

// Documents of one stream, published into and read from.
class SiteCatalog final : public CatalogReader, public SitePublisher {
 public:
  std::string stream{kSiteStream};

  Edition current() const override { return Edition(1); }
  Result<std::optional<CatalogEntry>> find(Edition, std::string_view,
                                           std::string_view document) const override {
    const auto found = bodies_.find(document);
    return found == bodies_.end() ? std::optional<CatalogEntry>() : std::optional(entry(*found));
  }
  Result<void> list(Edition, std::string_view, std::string_view,
                    const std::function<bool(const CatalogEntry&)>& each) const override {
    for (const auto& held : bodies_) {
      if (!each(entry(held))) {
        break;
      }
    }
    return {};
  }
  Result<SiteOutcome> publish(const SiteChange& change) override {
    SLUICE_TRY(const auto now, find(current(), change.ecosystem, change.document));
    SLUICE_TRY(auto record, change.make(now));
    if (record) {
      put(change.document, record->body());
    }
    return SiteOutcome{current(), record.has_value()};
  }
  void hold(const Sha256Digest&) override {}

  void put(const std::string& document, const std::string& body) { bodies_[document] = body; }
  std::string body(const std::string& document) const { return bodies_.at(document); }

 private:
  CatalogEntry entry(const std::pair<const std::string, std::string>& held) const {
    return {.document = held.first,
            .since = {},
            .stream = stream,
            .sequence = {},
            .published = {},
            .body = held.second};
  }
  std::map<std::string, std::string, std::less<>> bodies_;
};

class RetentionTest : public testing::Test {
 protected:
  std::uint64_t run(bool dry_run = false, std::size_t keep_last = 0) {
    std::vector<std::unique_ptr<Pruner>> pruners;
    pruners.push_back(std::make_unique<WordPruner>());
    std::vector<RetentionRule> rules{
        {NamePattern::parse("npm:@acme/*").value(), 90 * kDay, keep_last}};
    Retention retention(catalog_, catalog_, index_, clock_, counters_, std::move(rules),
                        std::move(pruners));
    return retention.run(dry_run).value();
  }

  test::FaultPlan plan_;
  test::MemoryStore index_{plan_};
  test::ManualClock clock_;
  observe::Counters counters_;
  SiteCatalog catalog_;
};

TEST_F(RetentionTest, WhatHasHadNoTagForNinetyDaysGoesAndWhatHasOneStays) {
  catalog_.put("@acme/x", "1 2 3*");
  catalog_.put("left-pad", "1 2");
  EXPECT_EQ(run(), 0U);
  clock_.advance(90 * kDay - 1us);
  EXPECT_EQ(run(), 0U);
  clock_.advance(1us);
  EXPECT_EQ(run(true), 2U);
  EXPECT_EQ(catalog_.body("@acme/x"), "1 2 3*");
  EXPECT_EQ(run(), 2U);
  EXPECT_EQ(catalog_.body("@acme/x"), "3*");
  EXPECT_EQ(catalog_.body("left-pad"), "1 2");
  EXPECT_EQ(counters_.get(observe::Metric::kSiteRetired), 2U);
  EXPECT_EQ(run(), 0U);
  EXPECT_TRUE(index_.values(store::Family::kMeta).empty());
}

TEST_F(RetentionTest, ATagThatComesBackBeginsAnew) {
  catalog_.put("@acme/x", "1 2*");
  EXPECT_EQ(run(), 0U);
  clock_.advance(89 * kDay);
  catalog_.put("@acme/x", "1* 2*");
  EXPECT_EQ(run(), 0U);
  catalog_.put("@acme/x", "1 2*");
  EXPECT_EQ(run(), 0U);
  clock_.advance(89 * kDay);
  EXPECT_EQ(run(), 0U);
  clock_.advance(kDay);
  EXPECT_EQ(run(), 1U);
}

TEST_F(RetentionTest, TheLastSoManyStay) {
  catalog_.put("@acme/x", "1 9*");
  run();
  clock_.advance(kDay);
  catalog_.put("@acme/x", "1 2 3 9*");
  run();
  clock_.advance(91 * kDay);
  EXPECT_EQ(run(false, 2), 1U);
  EXPECT_EQ(catalog_.body("@acme/x"), "2 3 9*");
  EXPECT_EQ(run(false, 5), 0U);
  EXPECT_EQ(run(false, 0), 2U);
}

TEST_F(RetentionTest, WhatCameFromOutsideIsLeftAlone) {
  catalog_.stream = "lab-low";
  catalog_.put("@acme/x", "1 2*");
  run();
  clock_.advance(91 * kDay);
  EXPECT_EQ(run(), 0U);
  EXPECT_EQ(catalog_.body("@acme/x"), "1 2*");
}

TEST_F(RetentionTest, AClockThatWentBackTakesNothingEarly) {
  catalog_.put("@acme/x", "1 2*");
  clock_.advance(400 * kDay);
  run();
  test::ManualClock earlier;
  std::vector<std::unique_ptr<Pruner>> pruners;
  pruners.push_back(std::make_unique<WordPruner>());
  Retention retention(catalog_, catalog_, index_, earlier, counters_,
                      {{NamePattern::parse("npm:*").value(), 90 * kDay, 0}}, std::move(pruners));
  EXPECT_EQ(retention.run(false).value(), 0U);
  earlier.advance(89 * kDay);
  EXPECT_EQ(retention.run(false).value(), 0U);
  earlier.advance(kDay);
  EXPECT_EQ(retention.run(false).value(), 1U);
}

}  // namespace
}  // namespace sluice::high
