// What the site publishes itself, with the stages joined: one flip, the same ledger, garbage
// collection and checks as what crosses, and no name that is both.
#include "highside/catalog/collector.h"
#include "highside/pipeline/staged_blob.h"
#include "tests/support/faulty_file_system.h"
#include "tests/unit/highside/pipeline/shipment_fixture.h"

namespace sluice::test {
namespace {

using high::CatalogEntry;
using high::SiteChange;
using high::StagedBlob;
using observe::Metric;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kLimit = std::uint64_t{1} << 20;

std::unique_ptr<StagedBlob> stage(store::BlobStore& store, FileSystem& files, ByteView bytes) {
  auto staged = StagedBlob::begin(store, files, kLimit).value();
  for (std::size_t at = 0; at < bytes.size(); at += 1000) {
    staged->write(bytes.subspan(at, std::min<std::size_t>(1000, bytes.size() - at))).value();
  }
  return staged;
}

// Makes `document` show `body` and these blobs.
SiteChange change(const std::string& document, const std::string& body,
                  const std::vector<store::NewBlob>& blobs = {}) {
  SiteChange change{.ecosystem = "file", .document = document, .by = "ci", .make = {}};
  proto::Record record;
  record.set_body(body);
  for (const store::NewBlob& blob : blobs) {
    change.blobs.push_back({blob, "a file"});
    record.add_blobs(std::string(as_text(blob.info.digest.bytes())));
  }
  change.make = [record](const std::optional<CatalogEntry>&) { return std::optional(record); };
  return change;
}

SiteChange withdrawal(const std::string& document) {
  SiteChange change{.ecosystem = "file", .document = document, .by = "ops", .make = {}};
  change.over_outside = true;
  change.make = [](const std::optional<CatalogEntry>&) {
    proto::Record record;
    record.set_withdrawn(true);
    return std::optional(record);
  };
  return change;
}

class SiteTest : public ShipmentFixture {
 protected:
  void SetUp() override { start(); }
  void start() {
    high_.reset();
    high_ = std::make_unique<HighSide>(
        Disk{index_, posix_file_system(), folder_.path()},
        HighSide::Streams{{"lab-low", low_.key().verify_key()}}, nullptr,
        high::PublisherSettings{.retry_every = std::chrono::milliseconds(1),
                                .site = high::Namespaces::parse({"files:ours/*"}).value()});
  }
  std::unique_ptr<StagedBlob> staged(const SentBlob& blob) {
    return stage(high_->store(), posix_file_system(), blob.bytes);
  }
  high::SiteOutcome publish(const std::string& document, const std::string& body,
                            const SentBlob& blob) {
    const auto kept = staged(blob);
    return high_->publisher.publish(change(document, body, {kept->finish()})).value();
  }
  std::size_t staging_files() const {
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "store/staging")) {
      files += entry.is_regular_file() ? 1 : 0;
    }
    return files;
  }
  high::CollectorProgress collect() {
    high::CollectorSettings settings;
    settings.keep_editions_for = std::chrono::microseconds(0);
    settings.streams = {"lab-low"};
    high::Collector collector(high_->catalog, high_->publisher, index_, high_->store(), clock_,
                              high_->counters, high_->events, settings);
    return collector.run(false);
  }

  SystemClock clock_;
  SentBlob other_large_{noise(310'000, 1010)};
};

TEST_F(SiteTest, IsVisibleInTheNextEditionAndStaysSo) {
  const auto first = publish("ours/a", "1", large_);
  EXPECT_TRUE(first.changed);
  EXPECT_EQ(first.edition, Edition(1));
  EXPECT_EQ(publish("ours/b", "2", small_).edition, Edition(2));
  EXPECT_EQ(staging_files(), 0U);
  for (int run = 0; run < 2; ++run) {
    EXPECT_EQ(high_->body("ours/a"), "1");
    EXPECT_EQ(high_->body("ours/b"), "2");
    EXPECT_TRUE(high_->store().verify(large_.digest));
    EXPECT_EQ(high_->store().resolve(hash(DigestAlgorithm::kSha512, large_.bytes)).value(),
              large_.digest);
    EXPECT_THAT(high_->gaps(), IsEmpty());
    const auto entry = high_->catalog.find(Edition(2), "file", "ours/b").value();
    EXPECT_EQ(entry->stream, high::kSiteStream);
    EXPECT_EQ(entry->sequence, ShipmentSequence(2));
    start();
  }
  EXPECT_EQ(publish("ours/c", "3", small_).edition, Edition(3));
}

TEST_F(SiteTest, TwoWhoChangeOneDocumentSeeEachOther) {
  SiteChange grow{.ecosystem = "file", .document = "ours/a", .by = "ci", .make = {}};
  grow.make = [](const std::optional<CatalogEntry>& now) {
    proto::Record record;
    record.set_body((now ? now->body : "") + "x");
    return std::optional(record);
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 5; ++n) {
        EXPECT_TRUE(high_->publisher.publish(grow));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(high_->body("ours/a"), std::string(20, 'x'));
  EXPECT_EQ(high_->catalog.current(), Edition(20));
  EXPECT_EQ(high_->count(Metric::kSitePublished), 20U);
}

TEST_F(SiteTest, WhatMustNotBeChangesNothing) {
  publish("ours/a", "1", small_);
  EXPECT_EQ(high_->publisher.publish(change("ours/a", "bad")).error().code, ErrorCode::kInvalid);
  SiteChange same = change("ours/a", "2");
  same.make = [](const std::optional<CatalogEntry>&) { return std::optional<proto::Record>(); };
  const auto outcome = high_->publisher.publish(same).value();
  EXPECT_FALSE(outcome.changed);
  SiteChange refused = change("ours/a", "2");
  refused.make = [](const std::optional<CatalogEntry>&) {
    return Result<std::optional<proto::Record>>(Error{ErrorCode::kRefused, "it", "no", ""});
  };
  EXPECT_EQ(high_->publisher.publish(refused).error().cause, "no");
  proto::Record record;
  record.add_blobs(std::string(as_text(large_.digest.bytes())));
  SiteChange missing = change("ours/a", "2");
  missing.make = [record](const std::optional<CatalogEntry>&) { return std::optional(record); };
  EXPECT_EQ(high_->publisher.publish(missing).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(high_->catalog.current(), Edition(1));
  EXPECT_EQ(high_->body("ours/a"), "1");
  EXPECT_EQ(high_->count(Metric::kSiteRefused), 3U);
  EXPECT_EQ(high_->count(Metric::kSiteUnchanged), 1U);
}

TEST_F(SiteTest, ARecordFromOutsideUnderANameOfTheSiteIsLeftOutByName) {
  proto::Shipment shipment = low_.shipment(1);
  add_record(shipment, "ours/tool", "evil");
  add_record(shipment, "theirs/tool", "good");
  const SentShipment sent = low_.sign(std::move(shipment));
  send(low_.notice(sent).whole(sent.manifest));
  ASSERT_TRUE(high_->published(1));
  EXPECT_EQ(high_->body("ours/tool"), "");
  EXPECT_EQ(high_->body("theirs/tool"), "good");
  EXPECT_EQ(high_->count(Metric::kForeignRecords), 1U);
  const auto told = high_->events.named("record.foreign");
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(field(told[0], "thing"), HasSubstr("ours/tool"));
  EXPECT_EQ(field(told[0], "shipment"), "lab-low/1");
}

TEST_F(SiteTest, NothingFromOutsideShadowsOrTakesAwayWhatIsTheSites) {
  publish("ours/a", "1", small_);
  // Published while the name was the site's, which it is no more.
  publish("formerly/ours", "1", small_);
  proto::Shipment shipment = low_.shipment(1);
  add_record(shipment, "formerly/ours", "evil");
  proto::Record& gone = add_record(shipment, "ours/a", "");
  gone.set_withdrawn(true);
  const SentShipment sent = low_.sign(std::move(shipment));
  send(low_.notice(sent).whole(sent.manifest));
  ASSERT_TRUE(high_->published(1));
  EXPECT_EQ(high_->body("formerly/ours"), "1");
  EXPECT_EQ(high_->body("ours/a"), "1");
  EXPECT_EQ(high_->count(Metric::kForeignRecords), 2U);
}

TEST_F(SiteTest, WhatCameFromOutsideBeforeIsNotShadowedButTakenAway) {
  send_one(1, "theirs/a", "theirs");
  ASSERT_TRUE(high_->published(1));
  const auto refused = high_->publisher.publish(change("theirs/a", "ours"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_THAT(refused.error().cure, HasSubstr("withdraw file theirs/a"));
  EXPECT_EQ(high_->body("theirs/a"), "theirs");
  EXPECT_TRUE(high_->publisher.publish(withdrawal("theirs/a")));
  EXPECT_EQ(high_->body("theirs/a"), "");
  EXPECT_TRUE(high_->publisher.publish(change("theirs/a", "ours")));
  EXPECT_EQ(high_->body("theirs/a"), "ours");
}

TEST_F(SiteTest, GarbageOfTheSiteGoesAndWhatIsHeldStays) {
  publish("ours/a", "1", large_);
  publish("ours/a", "2", other_large_);
  const auto done = collect();
  EXPECT_EQ(done.failure, "");
  EXPECT_FALSE(is_stored(large_));
  EXPECT_TRUE(is_stored(other_large_));
  EXPECT_GE(done.bytes, large_.bytes.size());
  publish("ours/a", "3", large_);
  high_->publisher.hold(other_large_.digest);  // somebody is about to publish it again
  EXPECT_EQ(collect().failure, "");
  EXPECT_TRUE(is_stored(other_large_));
  EXPECT_EQ(high_->body("ours/a"), "3");
}

TEST_F(SiteTest, WhatIsBeingSentIsLeftAloneByGarbageCollection) {
  const auto in_flight = staged(large_);
  EXPECT_EQ(collect().failure, "");
  EXPECT_TRUE(high_->publisher.publish(change("ours/a", "1", {in_flight->finish()})));
  EXPECT_TRUE(high_->store().verify(large_.digest));
}

TEST_F(SiteTest, ABlobThatWasDamagedIsBackWhenItIsPublishedAgain) {
  publish("ours/a", "1", large_);
  store::DamagedBlob damaged;
  damaged.digest = large_.digest;
  damaged.cause = "a bit flipped";
  ASSERT_TRUE(high_->publisher.lose({damaged}));
  EXPECT_TRUE(high_->catalog.is_lost(large_.digest));
  publish("ours/a", "1", large_);
  EXPECT_FALSE(high_->catalog.is_lost(large_.digest));
  EXPECT_TRUE(high_->store().verify(large_.digest));
}

TEST_F(SiteTest, AnUploadHasALimitAndLeavesNothingBehind) {
  auto upload = StagedBlob::begin(high_->store(), posix_file_system(), 1000).value();
  EXPECT_TRUE(upload->write(Bytes(1000)));
  EXPECT_EQ(upload->write(Bytes(1)).error().code, ErrorCode::kRefused);
  EXPECT_EQ(staging_files(), 1U);
  upload.reset();
  EXPECT_EQ(staging_files(), 0U);
}

// The power fails at every write, sync and link of a publication that replaces another.
class SiteCrashTest : public testing::Test {
 protected:
  struct World {
    World() {
      std::filesystem::create_directory(folder / "scratch");
      std::filesystem::create_directory(folder / "data");
    }
    Disk disk() { return {index, files, folder / "data"}; }

    TemporaryFolder folder;
    FaultPlan plan;
    FaultyFileSystem files{plan, folder / "scratch"};
    MemoryStore index{plan};
  };

  bool publish(World& world, HighSide& high, const std::string& body, const SentBlob& blob) {
    try {
      const auto staged = stage(high.store(), world.files, blob.bytes);
      return high.publisher.publish(change("ours/a", body, {staged->finish()})).has_value();
    } catch (const std::runtime_error&) {
      return false;
    }
  }

  void crash_everywhere(FaultyFileSystem::Loss file_loss, MemoryStore::Loss store_loss) {
    std::uint64_t fired = 0;
    for (std::uint64_t at = 0; at < 200 && !HasFailure(); ++at) {
      SCOPED_TRACE("crash at operation " + std::to_string(at));
      World world;
      bool told = false;
      {
        HighSide high(world.disk(), {});
        ASSERT_TRUE(publish(world, high, "1", old_));
        world.plan.clear();
        world.plan.crash_at(at);
        told = publish(world, high, "2", new_);
      }
      const bool crashed = world.plan.crashed();
      world.plan.clear();
      world.files.crash(file_loss, at);
      world.index.crash(store_loss, at);
      HighSide high(world.disk(), {});
      const std::string body = high.body("ours/a");
      EXPECT_TRUE(body == "1" || body == "2") << body;
      EXPECT_TRUE(!told || body == "2");
      EXPECT_TRUE(high.store().verify((body == "1" ? old_ : new_).digest));
      EXPECT_EQ(high.catalog.current(), Edition(body == "1" ? 1 : 2));
      EXPECT_THAT(high.gaps(), IsEmpty());
      EXPECT_TRUE(publish(world, high, "3", new_));
      EXPECT_EQ(high.body("ours/a"), "3");
      if (!crashed) {
        break;
      }
      ++fired;
    }
    EXPECT_GT(fired, 5U);
  }

  SentBlob old_{noise(70'000, 1)};
  SentBlob new_{noise(80'000, 2)};
};

TEST_F(SiteCrashTest, WhatWasNotSyncedIsLost) {
  crash_everywhere(FaultyFileSystem::Loss::kAll, MemoryStore::Loss::kAll);
}

TEST_F(SiteCrashTest, WhatWasNotSyncedIsThereAllTheSame) {
  crash_everywhere(FaultyFileSystem::Loss::kNone, MemoryStore::Loss::kNone);
}

}  // namespace
}  // namespace sluice::test
