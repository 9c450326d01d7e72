// A scripted run is hit at every single write, sync, link, rename and batch: by a crash, by an
// error, by a disk that stays full. Afterwards the store must be in the state before or after the
// step that was hit, whole, and the rest of the script must work.
#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "tests/unit/common/store/blob_store_fixture.h"

namespace sluice::store {
namespace {

using test::Loss;
using test::Operation;

class DiskBlobCrashTest : public BlobStoreFixture {
 protected:
  using State = std::set<std::string>;  // the bytes of all blobs held

  // Everything that one script needs, fresh.
  void start_over() {
    store_.reset();
    plan_.clear();
    files_ = test::SimFileSystem(plan_);
    index_.clear();
    open(keep_all_).value();
    plan_.clear();
  }

  Result<void> step(std::size_t number) {
    const Digest md5 = hash(DigestAlgorithm::kMd5, as_bytes(a_));
    Batch along;
    along.put(Family::kGaps, "step", std::to_string(number + 1));
    std::vector<NewBlob> blobs;
    switch (number) {
      case 0: {
        SLUICE_TRY(NewBlob blob, file_blob(a_));
        blobs.push_back(std::move(blob));
        return store_->commit(std::move(blobs), along);
      }
      case 1: {
        SLUICE_TRY(NewBlob blob, file_blob(b_));
        SLUICE_TRY(NewBlob again, file_blob(a_, {md5}));
        blobs.push_back(std::move(blob));
        blobs.push_back(std::move(again));
        blobs.push_back(inline_blob("small"));
        return store_->commit(std::move(blobs), along);
      }
      case 2:
        return store_->remove(info(a_).digest);
      case 3:
        return store_->remove(info("small").digest);
      default: {
        SLUICE_TRY(NewBlob blob, file_blob(a_));
        blobs.push_back(std::move(blob));
        return store_->commit(std::move(blobs), along);
      }
    }
  }
  static constexpr std::size_t kSteps = 5;

  // Runs the script from `from` on; the number of the step that failed, or kSteps.
  std::size_t run(std::size_t from = 0) {
    for (std::size_t number = from; number < kSteps; ++number) {
      if (const auto done = step(number); !done) {
        failure_ = done.error();
        return number;
      }
    }
    return kSteps;
  }

  State state_after(std::size_t steps) const {
    const std::vector<State> states{{}, {a_}, {a_, b_, "small"}, {b_, "small"}, {b_}, {a_, b_}};
    return states[steps];
  }

  // What is held, after checking that each blob is whole and that there is no file but theirs.
  State held() {
    State state;
    std::size_t in_files = 0;
    std::uint64_t bytes = 0;
    std::vector<Sha256Digest> digests;
    store_
        ->for_each([&](const BlobInfo& blob) {
          digests.push_back(blob.digest);
          bytes += blob.size;
          in_files += blob.size > limits::kInlineBlobBytes ? 1 : 0;
          return true;
        })
        .value();
    for (const Sha256Digest& digest : digests) {
      store_->verify(digest).value();
      state.insert(read(digest));
    }
    EXPECT_EQ(store_->usage().blobs, digests.size());
    EXPECT_EQ(store_->usage().bytes, bytes);
    EXPECT_EQ(files_below("blobs"), in_files);
    return state;
  }
  // After the plan has been set for a fresh start.
  void expect_the_step_to_work_later(ErrorCode code) {
    const std::size_t reached = run();
    if (reached < kSteps) {  // else what failed was only tidying up
      EXPECT_EQ(failure_.code, code);
      EXPECT_TRUE(code != ErrorCode::kExhausted || !failure_.cure.empty());
    }
    plan_.clear();
    ASSERT_EQ(run(reached), kSteps);
    // The last commit has settled what the failure left behind, except where it was the last.
    ASSERT_TRUE(open());
    EXPECT_EQ(held(), state_after(kSteps));
    EXPECT_EQ(files_below("staging"), 0U);
  }
  std::string marker() { return index_.get(Family::kGaps, "step").value().value_or("0"); }

  const std::string a_ = large('a');
  const std::string b_ = large('b');
  const DiskBlobStore::KeepStaging keep_all_ = [](const StagingPath&) { return true; };
  Error failure_{ErrorCode::kIo, "", "", ""};
};

TEST_F(DiskBlobCrashTest, ACrashAtAnyPointLosesNothingAndShowsNothingHalf) {
  start_over();
  ASSERT_EQ(run(), kSteps);
  const std::uint64_t points = plan_.count();
  ASSERT_GT(points, 30U);
  for (std::uint64_t point = 0; point < points; ++point) {
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      SCOPED_TRACE("crash at " + std::to_string(point) + ", seed " + std::to_string(seed));
      start_over();
      plan_.crash_at(point);
      std::size_t reached = run();  // a crash after the last batch of a step does not fail it
      const Loss file_losses[] = {Loss::kAll, Loss::kNone};
      const Loss index_losses[] = {Loss::kAll, Loss::kNone};
      if (seed < 4) {
        crash(file_losses[seed % 2], index_losses[seed / 2]);
      } else {
        crash(Loss::kRandom, Loss::kRandom, seed * 1000 + point);
      }
      ASSERT_TRUE(open(keep_all_));
      EXPECT_FALSE(notes());
      const State state = held();
      if (state != state_after(reached)) {
        ASSERT_LT(reached, kSteps);
        ASSERT_EQ(state, state_after(++reached));
      }
      EXPECT_EQ(marker(), reached == 0 ? "0" : reached == 1 ? "1" : reached < 5 ? "2" : "5");
      ASSERT_EQ(run(reached), kSteps);
      EXPECT_EQ(held(), state_after(kSteps));
    }
  }
}

TEST_F(DiskBlobCrashTest, AnErrorAtAnyPointChangesNothingAndTheStepWorksLater) {
  start_over();
  ASSERT_EQ(run(), kSteps);
  const std::uint64_t points = plan_.count();
  for (const int number : {ENOSPC, EIO}) {
    for (const bool stays : {false, true}) {
      for (std::uint64_t point = 0; point < points; ++point) {
        SCOPED_TRACE(std::string(number == EIO ? "EIO" : "ENOSPC") + " at " +
                     std::to_string(point) + (stays ? " and after" : ""));
        start_over();
        stays ? plan_.fail_from(point, number) : plan_.fail_at(point, number);
        expect_the_step_to_work_later(number == EIO ? ErrorCode::kIo : ErrorCode::kExhausted);
      }
    }
  }
}

TEST_F(DiskBlobCrashTest, AReadThatFailsAtAnyPointChangesNothingAndTheStepWorksLater) {
  start_over();
  ASSERT_EQ(run(), kSteps);
  const std::vector<Operation> reads = plan_.reads();
  for (const int number : {EIO, EMFILE}) {
    for (const bool stays : {false, true}) {
      for (std::uint64_t point = 0; point < reads.size(); ++point) {
        if (number == EMFILE && reads[point] != Operation::kOpen) {
          continue;
        }
        SCOPED_TRACE(std::string(number == EIO ? "EIO" : "EMFILE") + " at read " +
                     std::to_string(point) + (stays ? " and after" : ""));
        start_over();
        stays ? plan_.fail_reads_from(point, number) : plan_.fail_read_at(point, number);
        expect_the_step_to_work_later(number == EIO ? ErrorCode::kIo : ErrorCode::kExhausted);
      }
    }
  }
}

TEST_F(DiskBlobCrashTest, AFailedCommitThatComesBackAfterACrashIsWhole) {
  start_over();
  ASSERT_EQ(run(), kSteps);
  const std::uint64_t points = plan_.count();
  for (std::uint64_t point = 0; point < points; ++point) {
    SCOPED_TRACE("error at " + std::to_string(point));
    start_over();
    plan_.fail_from(point, EIO);
    const std::size_t reached = run();
    crash(Loss::kAll, Loss::kNone);
    ASSERT_TRUE(open());
    const State state = held();
    if (state != state_after(reached)) {
      ASSERT_LT(reached, kSteps);
      EXPECT_EQ(state, state_after(reached + 1));
    }
  }
}

TEST_F(DiskBlobCrashTest, AFailedCommitLeavesTheStagingFile) {
  start_over();
  NewBlob blob = file_blob(a_).value();
  const auto path = std::get<StagingPath>(blob.content).value();
  const std::uint64_t before = plan_.count();
  ASSERT_TRUE(commit(std::move(blob)));
  const std::uint64_t points = plan_.count() - before;
  for (std::uint64_t point = 0; point + 1 < points; ++point) {  // the last removes the staging file
    start_over();
    NewBlob again = file_blob(a_).value();
    const auto staging = std::get<StagingPath>(again.content);
    plan_.fail_at(plan_.count() + point, ENOSPC);
    ASSERT_FALSE(commit(std::move(again))) << point;
    EXPECT_EQ(as_text(read_file(files_, staging.value(), 1 << 20).value()), a_);
    EXPECT_EQ(read(info(a_).digest), "not-found");
    ASSERT_TRUE(commit({info(a_), staging}));
    EXPECT_EQ(read(info(a_).digest), a_);
  }
  EXPECT_FALSE(files_.exists(path).value());
}

}  // namespace
}  // namespace sluice::store
