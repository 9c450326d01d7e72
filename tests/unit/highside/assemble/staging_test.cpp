#include "highside/assemble/staging.h"

#include <gmock/gmock.h>

#include "tests/support/events.h"
#include "tests/support/memory_store.h"
#include "tests/support/temporary_folder.h"

namespace sluice::high {
namespace {

using Taken = Staging::Taken;
using testing::IsEmpty;
using testing::SizeIs;

class ManualClock final : public Clock {
 public:
  UtcTime utc_now() const override { return UtcTime(since_start + stepped); }
  SteadyTime steady_now() const override { return SteadyTime(since_start); }
  std::chrono::seconds since_start{1000};
  std::chrono::seconds stepped{0};
};

class StagingTest : public testing::Test {
 protected:
  StagingTest() {
    settings_.folder = folder_ / "parts";
    settings_.limit_bytes = 1000;
  }
  // The keeper is not started: its jobs wait, except where a test starts it.
  Staging& make() {
    staging_ = std::make_unique<Staging>(settings_, posix_file_system(), progress_, keeper_,
                                         aliases_, clock_, counters_, events_);
    EXPECT_TRUE(staging_->recover([](const Sha256Digest&) { return false; }));
    return *staging_;
  }
  static Sha256Digest name(int n) { return sha256(as_bytes(std::to_string(n))); }
  Taken take(int n, std::uint64_t size, std::uint64_t offset, std::size_t count) {
    return staging_->take(name(n), size, offset, Bytes(count, static_cast<std::uint8_t>(n)));
  }
  AssemblyStatus status() const {
    AssemblyStatus status;
    staging_->add_to(status);
    return status;
  }

  test::TemporaryFolder folder_;
  test::MemoryStore index_;
  StagingSettings settings_;
  ManualClock clock_;
  observe::Counters counters_;
  test::RecordedEvents events_;
  ExpectedAliases aliases_;
  ProgressStore progress_{posix_file_system(), index_, folder_ / "parts"};
  std::vector<Sha256Digest> finished_;
  Keeper keeper_{progress_,
                 counters_,
                 {[this](const Sha256Digest& digest, std::uint64_t bytes,
                         const Result<void>& saved) { staging_->saved(digest, bytes, saved); },
                  [this](CompleteBlob& blob, const std::stop_token&) {
                    finished_.push_back(blob.progress.digest);
                    return Step::kWorked;
                  }}};
  std::unique_ptr<Staging> staging_;
};

TEST_F(StagingTest, AdmitsByWholeSizesAndTellsOnce) {
  make();
  EXPECT_EQ(take(1, 600, 0, 10), Taken::kTaken);
  EXPECT_EQ(take(2, 500, 0, 10), Taken::kRefused);
  EXPECT_EQ(take(3, 500, 0, 10), Taken::kRefused);
  EXPECT_EQ(take(4, 400, 0, 10), Taken::kTaken);
  EXPECT_EQ(take(1, 600, 10, 500), Taken::kTaken);  // what was admitted goes on
  EXPECT_THAT(events_.named("staging.limit"), SizeIs(1));
  EXPECT_TRUE(status().refusing);
  EXPECT_EQ(status().reserved_bytes, 1000U);
  EXPECT_EQ(status().held_bytes, 520U);
  staging_->forget(name(1), true);
  EXPECT_THAT(events_.named("staging.recovered"), SizeIs(1));
  EXPECT_EQ(take(2, 500, 0, 10), Taken::kTaken);
}

TEST_F(StagingTest, ABlobLargerThanTheLimitIsNeverAdmitted) {
  make();
  EXPECT_EQ(take(1, 1001, 0, 10), Taken::kRefused);
  EXPECT_THAT(std::filesystem::exists(progress_.path(name(1))), false);
}

TEST_F(StagingTest, AStaleBlobGivesWay) {
  make();
  EXPECT_EQ(take(1, 600, 0, 10), Taken::kTaken);
  clock_.since_start += settings_.stale_after / 2;
  EXPECT_EQ(take(2, 400, 0, 10), Taken::kTaken);
  EXPECT_EQ(take(3, 400, 0, 10), Taken::kRefused);
  clock_.since_start += settings_.stale_after / 2;
  EXPECT_EQ(take(3, 400, 0, 10), Taken::kTaken);
  EXPECT_THAT(events_.named("staging.discarded"), SizeIs(1));
  EXPECT_FALSE(staging_->knows(name(1)));
  EXPECT_TRUE(staging_->knows(name(2)));
  EXPECT_FALSE(std::filesystem::exists(progress_.path(name(1))));
}

TEST_F(StagingTest, ABlobThatSeemsToBeOfTheFutureGivesWayToo) {
  clock_.stepped = std::chrono::hours(24 * 365);
  make();
  EXPECT_EQ(take(1, 600, 0, 10), Taken::kTaken);
  clock_.stepped = {};
  EXPECT_EQ(take(2, 600, 0, 10), Taken::kTaken);
  EXPECT_FALSE(staging_->knows(name(1)));
}

TEST_F(StagingTest, FilesBeyondTheLimitAreClosedAndOpenedAgain) {
  settings_.open_files = 2;
  make();
  for (int n = 1; n <= 4; ++n) {
    EXPECT_EQ(take(n, 100, 0, 10), Taken::kTaken);
  }
  EXPECT_THAT(index_.values(store::Family::kParts), SizeIs(2));  // those that were closed
  for (int n = 1; n <= 4; ++n) {
    EXPECT_EQ(take(n, 100, 0, 10), Taken::kNotNeeded);
    EXPECT_EQ(take(n, 100, 10, 10), Taken::kTaken);
    EXPECT_EQ(staging_->bytes_held(name(n)), 20U);
  }
}

TEST_F(StagingTest, ProgressIsSavedByAgeAndBySize) {
  settings_.save_every_bytes = 50;
  make();
  EXPECT_EQ(take(1, 100, 0, 10), Taken::kTaken);
  EXPECT_EQ(take(2, 100, 0, 50), Taken::kTaken);  // at once
  staging_->save_due();
  clock_.since_start += settings_.save_every;
  EXPECT_EQ(take(3, 100, 0, 10), Taken::kTaken);
  staging_->save_due();  // 1, not 3
  keeper_.start();
  keeper_.stop();
  EXPECT_EQ(progress_.load(name(1))->received.total(), 10U);
  EXPECT_EQ(progress_.load(name(2))->received.total(), 50U);
  EXPECT_EQ(progress_.load(name(3)).error().code, ErrorCode::kNotFound);
}

TEST_F(StagingTest, AWholeBlobGoesToTheKeeperAndNeedsNothingMore) {
  make();
  keeper_.start();
  EXPECT_EQ(take(1, 100, 50, 50), Taken::kTaken);
  EXPECT_EQ(take(1, 100, 0, 60), Taken::kTaken);
  EXPECT_EQ(take(1, 100, 0, 60), Taken::kNotNeeded);
  keeper_.stop();
  EXPECT_LE(finished_.size(), 1U);  // stopped before its turn, it is saved instead
  EXPECT_TRUE(finished_.size() == 1 || progress_.load(name(1))->received.total() == 100);
}

TEST_F(StagingTest, TheLaterOfTwoClaimedSizesIsTried) {
  make();
  EXPECT_EQ(take(1, 900, 0, 10), Taken::kTaken);
  EXPECT_EQ(take(1, 100, 0, 10), Taken::kTaken);
  EXPECT_EQ(status().reserved_bytes, 100U);
  EXPECT_EQ(status().blobs, 1U);
}

TEST(PartFileTest, BytesThatAreThereAreNotWrittenAgain) {
  const test::TemporaryFolder folder;
  const auto file = PartFile::open(posix_file_system(), folder / "f", 10, {}, {}).value();
  EXPECT_EQ(file->write(2, as_bytes("cd")).value(), 2U);
  EXPECT_EQ(file->write(0, as_bytes("abXXef")).value(), 4U);
  EXPECT_EQ(file->write(6, as_bytes("ghij")).value(), 4U);
  ASSERT_TRUE(file->complete());
  EXPECT_EQ(as_text(file->contents().value()), "abcdefghij");
  const auto digests = file->finish({DigestAlgorithm::kMd5}, {}).value();
  EXPECT_EQ(digests[0], Digest(sha256(as_bytes("abcdefghij"))));
}

TEST(PartFileTest, PiecesAreBounded) {
  const test::TemporaryFolder folder;
  const std::uint64_t size = 4 * PartFile::kMaxPieces;
  const auto file = PartFile::open(posix_file_system(), folder / "f", size, {}, {}).value();
  for (std::uint64_t i = 0; i < PartFile::kMaxPieces; ++i) {
    ASSERT_TRUE(file->write(2 * i, as_bytes("x")));
  }
  EXPECT_EQ(file->write(size - 2, as_bytes("x")).error().code, ErrorCode::kRefused);
  EXPECT_EQ(file->write(1, as_bytes("x")).value(), 1U);  // joins two
  EXPECT_EQ(file->write(size - 2, as_bytes("x")).value(), 1U);
}

TEST(PartFileTest, StopsWhileItHashes) {
  const test::TemporaryFolder folder;
  const auto file = PartFile::open(posix_file_system(), folder / "f", 4, {}, {}).value();
  ASSERT_TRUE(file->write(2, as_bytes("cd")));
  ASSERT_TRUE(file->write(0, as_bytes("ab")));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(file->finish({}, stop.get_token()).error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace sluice::high
