// How much may wait at the keeper, and in which order it is done.
#include "highside/assemble/keeper.h"

#include <gtest/gtest.h>

#include <future>

#include "tests/support/memory_store.h"
#include "tests/support/temporary_folder.h"

namespace sluice::high {
namespace {

class KeeperTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_ / "parts"); }

  CompleteBlob whole_blob(std::uint8_t number) {
    Progress progress{*Sha256Digest::from_bytes(Bytes(32, number)), 4, {}, UtcTime()};
    auto file = PartFile::open(posix_file_system(), progress_.path(progress.digest), 4, {}, {});
    progress.received.add({0, 4});
    return {std::move(progress), std::move(*file), true};
  }
  // Until a blob is finished; saves come between.
  Step step() { return keeper_.step(); }

  test::TemporaryFolder folder_;
  test::MemoryStore index_;
  ProgressStore progress_{posix_file_system(), index_, folder_ / "parts"};
  observe::Counters counters_;
  std::vector<std::string> done_;
  Step answer_ = Step::kWorked;
  Keeper keeper_{progress_,
                 counters_,
                 {[this](const Sha256Digest&, std::uint64_t bytes, const Result<void>& saved) {
                    done_.push_back("saved " + std::to_string(bytes) + (saved ? "" : " badly"));
                  },
                  [this](CompleteBlob& blob, const std::stop_token&) {
                    if (answer_ == Step::kWorked) {
                      done_.push_back("finished " + blob.progress.digest.hex().substr(0, 2));
                    }
                    return answer_;
                  }}};
};

TEST_F(KeeperTest, FinishWaitsWhileAsManyWholeFilesWaitAsMay) {
  constexpr std::size_t kMore = 20;
  auto giver = std::async(std::launch::async, [this] {
    for (std::size_t i = 0; i < Keeper::kMaxWaiting + kMore; ++i) {
      keeper_.finish(whole_blob(static_cast<std::uint8_t>(i)));
    }
  });
  std::size_t finished = 0;
  while (finished < Keeper::kMaxWaiting + kMore) {
    // The giver fills what there is room for, and no more.
    const std::size_t expected =
        std::min(Keeper::kMaxWaiting, Keeper::kMaxWaiting + kMore - finished);
    while (keeper_.waiting_files() < expected) {
      std::this_thread::yield();
    }
    EXPECT_EQ(keeper_.waiting_files(), expected);
    ASSERT_EQ(step(), Step::kWorked);
    ++finished;
  }
  giver.get();
  EXPECT_EQ(step(), Step::kIdle);
}

TEST_F(KeeperTest, FinishDoesNotWaitWhileTheStoreTakesNothing) {
  keeper_.finish(whole_blob(0));
  answer_ = Step::kStalled;
  ASSERT_EQ(step(), Step::kStalled);
  for (std::size_t i = 1; i <= Keeper::kMaxWaiting + 5; ++i) {
    keeper_.finish(whole_blob(static_cast<std::uint8_t>(i)));  // on this thread: must not wait
  }
  EXPECT_EQ(keeper_.waiting_files(), Keeper::kMaxWaiting + 5);
  answer_ = Step::kWorked;
  for (std::size_t i = 0; i < Keeper::kMaxWaiting + 6; ++i) {
    ASSERT_EQ(step(), Step::kWorked);
  }
  EXPECT_EQ(done_.size(), Keeper::kMaxWaiting + 6);
  EXPECT_EQ(done_.front(), "finished 00");  // the one that was in hand, once
}

TEST_F(KeeperTest, ABlobsSavesComeBeforeItsEnd) {
  CompleteBlob blob = whole_blob(1);
  keeper_.save(blob.progress, 4);
  keeper_.finish(std::move(blob));
  while (step() == Step::kWorked) {
  }
  EXPECT_EQ(done_, (std::vector<std::string>{"saved 4", "finished 01"}));
}

}  // namespace
}  // namespace sluice::high
