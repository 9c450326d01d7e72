// A full disk in staging and in the store: nothing is lost silently, and all goes on by itself.
#include <cerrno>

#include "tests/support/faulty_file_system.h"
#include "tests/unit/highside/pipeline/shipment_fixture.h"

namespace sluice::test {
namespace {

using observe::Metric;

class DiskFullTest : public testing::Test {
 protected:
  DiskFullTest() {
    std::filesystem::create_directory(folder_ / "scratch");
    std::filesystem::create_directory(folder_ / "data");
    proto::Shipment shipment = low_.shipment(1);
    add_blob(shipment, small_);
    add_blob(shipment, large_);
    add_record(shipment, "a", "body", {small_, large_});
    sent_.emplace(low_.sign(shipment));
    high_ = std::make_unique<HighSide>(Disk{index_, files_, folder_ / "data"},
                                       HighSide::Streams{{"lab-low", low_.key().verify_key()}});
  }
  void send_pass() {
    high_->assembler.block(low_.notice(*sent_).whole(sent_->manifest).block());
    high_->assembler.block(low_.part(large_, 0, 100'000).block());
    high_->assembler.block(low_.part(large_, 100'000, 200'000).whole(small_).block());
  }
  bool saw_event(std::string_view name) {
    return eventually([&] { return !high_->events.named(name).empty(); });
  }

  TemporaryFolder folder_;
  FaultPlan files_plan_;
  FaultPlan index_plan_;
  FaultyFileSystem files_{files_plan_, folder_ / "scratch"};
  MemoryStore index_{index_plan_};
  Sender low_;
  SentBlob small_{noise(1000, 1)};
  SentBlob large_{noise(300'000, 2)};
  std::optional<SentShipment> sent_;
  std::unique_ptr<HighSide> high_;
};

TEST_F(DiskFullTest, StagingRefusesUntilThereIsSpaceAndTheNextPassCompletes) {
  files_plan_.fail_from(0, ENOSPC);
  send_pass();
  ASSERT_TRUE(eventually([&] { return high_->count(Metric::kPartsRefused) == 2; }));
  EXPECT_GE(high_->count(Metric::kStagingDiskFull), 1U);
  EXPECT_EQ(high_->events.named("staging.disk").size(), 1U);
  EXPECT_TRUE(high_->assembler.status().refusing);
  EXPECT_EQ(high_->catalog.current(), Edition(0));
  EXPECT_EQ(high_->gaps().size(), 1U);

  files_plan_.clear();
  send_pass();
  ASSERT_TRUE(high_->published(1));
  EXPECT_TRUE(saw_event("staging.recovered"));
  EXPECT_FALSE(high_->assembler.status().refusing);
}

TEST_F(DiskFullTest, TheCommitterKeepsWhatItHasAndGoesOnByItself) {
  index_plan_.fail_from(0, ENOSPC);
  send_pass();
  ASSERT_TRUE(saw_event("store.stalled"));
  ASSERT_TRUE(eventually([&] { return high_->count(Metric::kStoreDiskFull) >= 3; }));
  EXPECT_EQ(high_->catalog.current(), Edition(0));
  EXPECT_EQ(high_->count(Metric::kPartsRefused), 0U);

  index_plan_.clear();
  ASSERT_TRUE(high_->published(1));  // nothing has to be sent again
  EXPECT_TRUE(saw_event("store.recovered"));
  EXPECT_EQ(high_->events.named("store.stalled").size(), 1U);
}

TEST_F(DiskFullTest, EachSingleFailureOfTheDiskIsSurvived) {
  files_plan_.clear();
  send_pass();
  ASSERT_TRUE(high_->published(1));
  const std::uint64_t operations = files_plan_.count() + index_plan_.count();
  for (std::uint64_t at = 0; at < operations; ++at) {
    SCOPED_TRACE(at);
    for (FaultPlan* plan : {&files_plan_, &index_plan_}) {
      high_.reset();
      plan->clear();
      const TemporaryFolder folder;
      MemoryStore index(index_plan_);
      std::filesystem::create_directory(folder / "data");
      high_ = std::make_unique<HighSide>(Disk{index, files_, folder / "data"},
                                         HighSide::Streams{{"lab-low", low_.key().verify_key()}});
      plan->fail_at(plan->count() + at, EIO);
      send_pass();
      ASSERT_TRUE(eventually([&] { return high_->parts() == 4; }));
      plan->clear();
      send_pass();
      ASSERT_TRUE(eventually([&] { return high_->catalog.current() == Edition(1); }));
      EXPECT_TRUE(high_->store().verify(large_.digest));
      high_.reset();
    }
  }
}

}  // namespace
}  // namespace sluice::test
