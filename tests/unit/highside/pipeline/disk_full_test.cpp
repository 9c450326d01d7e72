// A full disk in staging and in the store: nothing is lost silently, and all goes on by itself.
#include <cerrno>
#include <functional>

#include "tests/support/sim_file_system.h"
#include "tests/unit/highside/pipeline/shipment_fixture.h"

namespace sluice::test {
namespace {

using observe::Metric;

class DiskFullTest : public testing::Test {
 protected:
  DiskFullTest() {
    proto::Shipment shipment = low_.shipment(1);
    add_blob(shipment, small_);
    add_blob(shipment, large_);
    add_record(shipment, "a", "body", {small_, large_});
    sent_.emplace(low_.sign(shipment));
    start_over();
  }
  // On a new disk.
  void start_over() {
    high_.reset();
    files_plan_.clear();
    index_plan_.clear();
    files_ = SimFileSystem(files_plan_);
    index_.clear();
    high_ = std::make_unique<HighSide>(Disk{index_, files_, "/data"},
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

  // Sends a pass while the plan fails something, and one more after that: all must be there.
  void expect_recovery(FaultPlan& plan, const std::function<void()>& set) {
    start_over();
    set();
    send_pass();
    ASSERT_TRUE(eventually([&] { return high_->parts() == 4; }));
    // What keeps the shipment from being published is told, at the latest when it is tried again.
    ASSERT_TRUE(eventually([&] { return is_published() || told(); }));
    plan.clear();
    send_pass();
    ASSERT_TRUE(eventually([&] { return is_published(); }));
    EXPECT_TRUE(high_->store().verify(large_.digest));
    EXPECT_TRUE(eventually([&] { return high_->gaps().empty(); }));
    EXPECT_EQ(high_->catalog.current(), Edition(1));
  }
  bool is_published() const { return high_->count(Metric::kPublishedShipments) == 1; }
  bool told() const {
    for (const observe::Event& event : high_->events.all()) {
      if (event.level == observe::Level::kError || event.level == observe::Level::kWarning) {
        return true;
      }
    }
    return false;
  }

  FaultPlan files_plan_;
  FaultPlan index_plan_;
  SimFileSystem files_{files_plan_};
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

TEST_F(DiskFullTest, AFailureOfAnyChangeIsSurvived) {
  send_pass();
  ASSERT_TRUE(high_->published(1));
  for (FaultPlan* plan : {&files_plan_, &index_plan_}) {
    const std::uint64_t points = plan->count();
    for (const int number : {EIO, ENOSPC}) {
      for (std::uint64_t at = 0; at < points && !HasFailure(); ++at) {
        SCOPED_TRACE(std::to_string(number) + " at " + std::to_string(at));
        expect_recovery(*plan, [&] { plan->fail_at(plan->count() + at, number); });
        expect_recovery(*plan, [&] { plan->fail_from(plan->count() + at, number); });
      }
    }
  }
}

TEST_F(DiskFullTest, AFailureOfAnyReadIsSurvived) {
  send_pass();
  ASSERT_TRUE(high_->published(1));
  for (FaultPlan* plan : {&files_plan_, &index_plan_}) {
    const std::vector<Operation> reads = plan->reads();
    for (const int number : {EIO, EMFILE}) {
      for (std::uint64_t at = 0; at < reads.size() && !HasFailure(); ++at) {
        if (number == EMFILE && reads[at] != Operation::kOpen) {
          continue;
        }
        SCOPED_TRACE(std::to_string(number) + " at read " + std::to_string(at));
        expect_recovery(*plan, [&] { plan->fail_read_at(plan->reads().size() + at, number); });
        expect_recovery(*plan, [&] { plan->fail_reads_from(plan->reads().size() + at, number); });
      }
    }
  }
}

}  // namespace
}  // namespace sluice::test
