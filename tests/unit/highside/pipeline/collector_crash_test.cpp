// The power fails at every write, sync and removal of a garbage collection: what a kept edition
// shows can always be fetched, and the next runs leave what one without a failure leaves.
#include "highside/catalog/collector.h"
#include "tests/support/faulty_file_system.h"
#include "tests/unit/highside/pipeline/shipment_fixture.h"

namespace sluice::test {
namespace {

class SteppedClock final : public Clock {
 public:
  UtcTime utc_now() const override { return system_.utc_now() + later; }
  SteadyTime steady_now() const override { return system_.steady_now(); }
  std::chrono::microseconds later{0};

 private:
  SystemClock system_;
};

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

class CollectorCrashTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kEditions = 8;
  static constexpr std::uint64_t kNamed = 2;

  CollectorCrashTest() {
    for (std::uint64_t i = 1; i <= kEditions; ++i) {
      proto::Shipment shipment = low_.shipment(i);
      const auto seed = static_cast<std::uint32_t>(10 * i);
      const std::vector<SentBlob> own{SentBlob(noise(700, seed)),
                                      SentBlob(noise(100'000, seed + 1))};
      for (const SentBlob& blob : own) {
        add_blob(shipment, blob, {DigestAlgorithm::kSha1});
      }
      add_record(shipment, "a", std::to_string(i), {own[0]});
      add_record(shipment, "b" + std::to_string(i % 2), std::to_string(i), {own[1]});
      blobs_.push_back(own);
      shipments_.push_back(low_.sign(std::move(shipment)));
    }
  }
  HighSide::Streams streams() const { return {{"lab-low", low_.key().verify_key()}}; }

  void fill(World& world) {
    HighSide high(world.disk(), streams());
    for (std::size_t i = 0; i < shipments_.size(); ++i) {
      low_.notice(shipments_[i]).whole(shipments_[i].manifest);
      high.assembler.block(low_.whole(blobs_[i][0]).whole(blobs_[i][1]).block());
      ASSERT_TRUE(high.published(i + 1));
    }
    heartbeat(high);
    ASSERT_TRUE(high.catalog.editions().add({"q4", Edition(kNamed), UtcTime(), UtcTime(), ""}));
    ASSERT_TRUE(high.catalog.editions().add({"gone", Edition(3), UtcTime(), UtcTime(kMicro), ""}));
  }
  // The sender has removed all that it sent. Not synced when it is noted, as the next one says it
  // again: after a crash one must come.
  static void heartbeat(HighSide& high) {
    high.assembler.heartbeat(
        "lab-low", {UtcTime(), ShipmentSequence(kEditions), ShipmentSequence(kEditions + 1), {}},
        UtcTime());
    ASSERT_TRUE(eventually(
        [&] { return high.publisher.oldest_held_by_sender("lab-low") == kEditions + 1; }));
  }
  high::CollectorProgress collect(World& world, HighSide& high, const Clock& clock) {
    high::Collector collector(
        high.catalog, high.publisher, world.index, high.store(), clock, high.counters, high.events,
        {.keep_editions_for = std::chrono::microseconds(0), .streams = {"lab-low"}});
    return collector.run(false);
  }
  // Whatever an edition that can be read lists can be fetched.
  void expect_consistent(HighSide& high) {
    EXPECT_TRUE(high.catalog.readable(Edition(kNamed)));
    EXPECT_TRUE(high.catalog.readable(Edition(kEditions)));
    for (std::uint64_t edition = 1; edition <= kEditions; ++edition) {
      if (!high.catalog.readable(Edition(edition))) {
        continue;
      }
      std::map<std::string, std::string> documents;
      high.catalog
          .list(Edition(edition), "file", "",
                [&](const high::CatalogEntry& entry) {
                  documents[entry.document] = entry.body;
                  return true;
                })
          .value();
      EXPECT_EQ(documents["a"], std::to_string(edition));
      EXPECT_EQ(documents.size(), edition == 1 ? 2U : 3U);
      for (const auto& [document, body] : documents) {
        const std::size_t i = std::stoul(body) - 1;
        EXPECT_TRUE(high.store().verify(blobs_[i][document == "a" ? 0 : 1].digest))
            << edition << " " << document;
      }
    }
  }
  // Keys of what is left, without their values: which blobs, aliases and states.
  static std::set<std::string> left(const World& world) {
    std::set<std::string> keys;
    for (const auto family :
         {store::Family::kBlobInfo, store::Family::kBlobs, store::Family::kAliases,
          store::Family::kDocuments, store::Family::kMeta}) {
      for (const auto& [key, value] : world.index.values(family)) {
        keys.insert(std::string(store::to_string(family)) + key);
      }
    }
    return keys;
  }
  static std::set<std::string> files_left(World& world) {
    std::set<std::string> names;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(world.folder / "data/store/blobs")) {
      if (entry.is_regular_file()) {
        names.insert(entry.path().filename());
      }
    }
    return names;
  }

  void crash_everywhere(FaultyFileSystem::Loss file_loss, MemoryStore::Loss store_loss) {
    std::uint64_t operations = 0;
    std::set<std::string> keys;
    std::set<std::string> files;
    {
      World whole;
      fill(whole);
      HighSide high(whole.disk(), streams());
      const std::uint64_t before = whole.plan.count();
      SteppedClock clock;
      const auto done = collect(whole, high, clock);
      ASSERT_EQ(done.failure, "");
      EXPECT_EQ(done.states, 10U);
      EXPECT_EQ(done.blobs, 14U);  // six small, four large, four manifests
      operations = whole.plan.count() - before;
      expect_consistent(high);
      high.stop();
      keys = left(whole);
      files = files_left(whole);
    }
    ASSERT_GT(operations, 20U);
    for (std::uint64_t at = 0; at < operations && !HasFailure(); ++at) {
      SCOPED_TRACE("crash at operation " + std::to_string(at));
      World world;
      fill(world);
      SteppedClock clock;
      {
        HighSide high(world.disk(), streams());
        world.plan.crash_at(world.plan.count() + at);
        collect(world, high, clock);
        EXPECT_TRUE(world.plan.crashed());
      }
      world.plan.clear();
      world.files.crash(file_loss, at);
      world.index.crash(store_loss, at);
      HighSide high(world.disk(), streams());
      expect_consistent(high);
      heartbeat(high);
      // What was on its way belongs to no shipment any more, and goes a day later.
      for (int day = 0; day < 2; ++day) {
        EXPECT_EQ(collect(world, high, clock).failure, "");
        expect_consistent(high);
        clock.later += std::chrono::hours(25);
      }
      EXPECT_TRUE(high.gaps().empty());
      high.stop();
      EXPECT_EQ(left(world), keys);
      EXPECT_EQ(files_left(world), files);
    }
  }

  // Of one run without a fault: how many changes it makes, and what it leaves.
  void expect_as_without_a_fault(World& world, std::uint64_t error_at, int error_number) {
    fill(world);
    SteppedClock clock;
    {
      HighSide high(world.disk(), streams());
      world.plan.fail_at(world.plan.count() + error_at, error_number);
      const auto done = collect(world, high, clock);
      world.plan.clear();
      EXPECT_EQ(done.failure.empty(), high.events.named("gc.failed").empty());
      expect_consistent(high);
    }
    HighSide high(world.disk(), streams());  // a file that could not be unlinked goes at the start
    heartbeat(high);
    for (int day = 0; day < 2; ++day) {
      EXPECT_EQ(collect(world, high, clock).failure, "");
      expect_consistent(high);
      clock.later += std::chrono::hours(25);
    }
    EXPECT_TRUE(high.gaps().empty());
    high.stop();
  }

  static constexpr std::chrono::microseconds kMicro{1};
  Sender low_;
  std::vector<std::vector<SentBlob>> blobs_;
  std::vector<SentShipment> shipments_;
};

TEST_F(CollectorCrashTest, WhatWasNotSyncedIsLost) {
  crash_everywhere(FaultyFileSystem::Loss::kAll, MemoryStore::Loss::kAll);
}

TEST_F(CollectorCrashTest, WhatWasNotSyncedIsThereAllTheSame) {
  crash_everywhere(FaultyFileSystem::Loss::kNone, MemoryStore::Loss::kNone);
}

TEST_F(CollectorCrashTest, AFullDiskAtAnyPointLosesNothingAndTheNextRunGoesOn) {
  World whole;
  expect_as_without_a_fault(whole, UINT32_MAX, ENOSPC);
  const auto keys = left(whole);
  const auto files = files_left(whole);
  for (std::uint64_t at = 0; at < 60 && !HasFailure(); ++at) {
    SCOPED_TRACE("full at operation " + std::to_string(at));
    World world;
    expect_as_without_a_fault(world, at, ENOSPC);
    EXPECT_EQ(left(world), keys);
    EXPECT_EQ(files_left(world), files);
  }
}

TEST_F(CollectorCrashTest, SomeOfWhatWasNotSyncedIsLost) {
  crash_everywhere(FaultyFileSystem::Loss::kRandom, MemoryStore::Loss::kRandom);
}

}  // namespace
}  // namespace sluice::test
