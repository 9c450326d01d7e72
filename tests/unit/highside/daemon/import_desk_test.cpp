// What is remembered of an import over the ends of the program.
#include "highside/daemon/import_desk.h"

#include <gtest/gtest.h>

#include "common/store/disk_blob_store.h"
#include "tests/support/events.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_store.h"
#include "tests/support/no_threads.h"
#include "tests/support/sim_file_system.h"

namespace sluice::high {
namespace {

using store::Family;

constexpr const char* kKey = "media-job";
constexpr const char* kJob = R"({"paths":["/nonexistent/volume"],"by":"ada"})";

class ImportDeskTest : public testing::Test {
 protected:
  void remember() {
    store::Batch batch;
    batch.put(Family::kMeta, kKey, kJob);
    index_.write(batch, store::Durability::kSynced).value();
  }
  bool remembered() const { return index_.get(Family::kMeta, kKey).value().has_value(); }

  test::FaultPlan plan_;
  test::SimFileSystem files_{plan_};
  test::MemoryStore index_{plan_};
  std::unique_ptr<store::BlobStore> store_ =
      store::DiskBlobStore::open(index_, files_, "/store").value();
  test::ManualClock clock_;
  observe::Counters counters_;
  test::RecordedEvents events_;
  Catalog catalog_{index_};
  Publisher publisher_{catalog_, index_, *store_, clock_, counters_, events_};
  Committer committer_{*store_, index_, counters_, events_};
  Assembler assembler_{AssemblerSettings{}, *store_,    index_,    files_, clock_,
                       committer_,          publisher_, counters_, events_};
  std::vector<TrustedStream> streams_;
  crypto::OpeningKey key_ = crypto::OpeningKey::generate();
  ImportDesk desk_{
      {streams_, key_, index_, assembler_, committer_, publisher_, clock_, counters_, events_}};
};

TEST_F(ImportDeskTest, WhatCannotBeTakenUpIsRememberedForTheNextRun) {
  remember();
  {
    const test::NoThreads none;
    desk_.resume();
  }
  EXPECT_EQ(events_.named("import.failed").size(), 1U);
  EXPECT_TRUE(remembered());
  desk_.resume();
  desk_.stop();
  EXPECT_EQ(events_.named("import.resumed").size(), 2U);
}

TEST_F(ImportDeskTest, WhatCouldNotBeBegunIsNotTakenUpLater) {
  const test::NoThreads none;
  const auto started = desk_.command(R"({"do":"start","paths":["/nonexistent/volume"]})");
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::kExhausted);
  EXPECT_FALSE(remembered());
}

}  // namespace
}  // namespace sluice::high
