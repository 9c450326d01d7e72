// The power fails at every write, sync, link and folder sync of a run. Afterwards nothing partial
// is visible, whatever is visible can be fetched, and the next pass completes the rest.
#include "tests/support/faulty_file_system.h"
#include "tests/unit/highside/pipeline/shipment_fixture.h"

namespace sluice::test {
namespace {

// A disk and an index that share a plan of when the power fails.
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

class CrashTest : public testing::Test {
 protected:
  CrashTest() {
    for (std::uint64_t i = 1; i <= 3; ++i) {
      proto::Shipment shipment =
          low_.shipment(i, i == 3 ? std::vector<std::uint64_t>{2} : std::vector<std::uint64_t>());
      const auto seed = static_cast<std::uint32_t>(10 * i);
      blobs_.emplace_back(noise(700, seed));
      blobs_.emplace_back(noise(200'000, seed + 1));
      const std::vector<SentBlob> own(blobs_.end() - 2, blobs_.end());
      add_blob(shipment, own[0], {DigestAlgorithm::kSha1});
      add_blob(shipment, own[1], {DigestAlgorithm::kSha1});
      add_record(shipment, "x" + std::to_string(i), "body " + std::to_string(i), own);
      add_record(shipment, "y" + std::to_string(i), "body " + std::to_string(i), own);
      shipments_.push_back(low_.sign(std::move(shipment)));
    }
  }

  HighSide::Streams streams() const { return {{"lab-low", low_.key().verify_key()}}; }

  // One pass; the parts of large blobs do not come in order.
  void send_pass(HighSide& high) {
    for (std::size_t i = 0; i < shipments_.size(); ++i) {
      const SentBlob& small = blobs_[2 * i];
      const SentBlob& large = blobs_[2 * i + 1];
      high.assembler.block(low_.notice(shipments_[i]).part(large, 120'000, 80'000).block());
      high.assembler.block(low_.whole(shipments_[i].manifest).part(large, 0, 60'000).block());
      high.assembler.block(low_.part(large, 60'000, 60'000).whole(small).block());
    }
  }

  // Runs until all is published or the power has failed.
  void run_until_crash(World& world) {
    try {
      HighSide high(world.disk(), streams(), [](high::AssemblerSettings& settings) {
        settings.staging.save_every_bytes = 1;  // progress is saved after each part
      });
      send_pass(high);
      EXPECT_TRUE(eventually([&] {
        return world.plan.crashed() || high.count(observe::Metric::kPublishedShipments) == 3;
      }));
    } catch (const std::runtime_error&) {
      EXPECT_TRUE(world.plan.crashed());  // it failed while it started
    }
  }

  void expect_consistent(HighSide& high) {
    const Edition edition = high.catalog.current();
    std::map<std::string, std::set<std::string>> documents;  // by body
    high.catalog
        .list(edition, "file", "",
              [&](const high::CatalogEntry& entry) {
                documents[entry.body].insert(entry.document);
                return true;
              })
        .value();
    for (const auto& [body, names] : documents) {
      EXPECT_EQ(names.size(), 2U) << body;
      const auto i = static_cast<std::size_t>(body.back() - '1');
      for (const std::size_t blob : {2 * i, 2 * i + 1}) {
        EXPECT_TRUE(high.store().verify(blobs_[blob].digest)) << body;
        const Digest alias = hash(DigestAlgorithm::kSha1, blobs_[blob].bytes);
        EXPECT_EQ(high.store().resolve(alias).value(), blobs_[blob].digest) << body;
      }
    }
    EXPECT_TRUE(!documents.contains("body 3") || documents.contains("body 2"));
    EXPECT_EQ(documents.size(), edition.value());
  }

  void expect_complete_after_another_pass(World& world) {
    HighSide high(world.disk(), streams());
    expect_consistent(high);
    send_pass(high);
    ASSERT_TRUE(eventually([&] { return high.catalog.current() >= Edition(3); }));
    ASSERT_TRUE(eventually([&] { return high.gaps().empty(); }));
    expect_consistent(high);  // three editions: none was published twice
    EXPECT_EQ(high.count(observe::Metric::kBlobsBad), 0U);
  }

  void crash_everywhere(FaultyFileSystem::Loss file_loss, MemoryStore::Loss store_loss) {
    std::uint64_t operations = 0;
    {
      World whole;
      run_until_crash(whole);
      operations = whole.plan.count();
    }
    ASSERT_GT(operations, 20U);
    std::uint64_t fired = 0;
    for (std::uint64_t at = 0; at < operations && !HasFailure(); ++at) {
      SCOPED_TRACE("crash at operation " + std::to_string(at));
      World world;
      world.plan.crash_at(at);
      run_until_crash(world);
      fired += world.plan.crashed() ? 1 : 0;
      world.plan.clear();
      world.files.crash(file_loss, at);
      world.index.crash(store_loss, at);
      expect_complete_after_another_pass(world);
    }
    EXPECT_GT(fired, operations / 2);  // threads differ from run to run, and so do the last ones
  }

  Sender low_;
  std::vector<SentBlob> blobs_;
  std::vector<SentShipment> shipments_;
};

TEST_F(CrashTest, WhatWasNotSyncedIsLost) {
  crash_everywhere(FaultyFileSystem::Loss::kAll, MemoryStore::Loss::kAll);
}

TEST_F(CrashTest, WhatWasNotSyncedIsThereAllTheSame) {
  crash_everywhere(FaultyFileSystem::Loss::kNone, MemoryStore::Loss::kNone);
}

TEST_F(CrashTest, SomeOfWhatWasNotSyncedIsLost) {
  crash_everywhere(FaultyFileSystem::Loss::kRandom, MemoryStore::Loss::kRandom);
}

}  // namespace
}  // namespace sluice::test
