// A scripted run is hit at every single write, sync, link, rename and batch: by a crash, by an
// error, by a disk that stays full. Afterwards the store must be in the state before or after the
// step that was hit, whole, and the rest of the script must work.
#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <set>

#include "tests/unit/common/store/blob_store_fixture.h"
#include "tests/unit/common/store/passing_store.h"

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

  // A commit, or a removal.
  struct Step {
    std::vector<std::string> files{};
    std::vector<std::string> small{};
    std::string removed{};
  };

  Result<void> step(std::size_t number) {
    const Step& step = script_[number];
    if (!step.removed.empty()) {
      return store_->remove(info(step.removed).digest);
    }
    std::vector<NewBlob> blobs;
    for (const std::string& bytes : step.files) {
      const Digest md5 = hash(DigestAlgorithm::kMd5, as_bytes(bytes));
      const bool renamed = number > 0;  // an alias that the blob did not have the first time
      SLUICE_TRY(NewBlob blob,
                 file_blob(bytes, renamed ? std::vector{md5} : std::vector<Digest>()));
      blobs.push_back(std::move(blob));
    }
    for (const std::string& bytes : step.small) {
      blobs.push_back(inline_blob(bytes));
    }
    Batch along;
    along.put(Family::kGaps, "step", std::to_string(number + 1));
    return store_->commit(std::move(blobs), along);
  }

  // Runs the script from `from` on; the number of the step that failed, or that after the last.
  std::size_t run(std::size_t from = 0) {
    for (std::size_t number = from; number < script_.size(); ++number) {
      if (const auto done = step(number); !done) {
        failure_ = done.error();
        return number;
      }
    }
    return script_.size();
  }

  State state_after(std::size_t steps) const {
    State state;
    for (std::size_t number = 0; number < steps; ++number) {
      const Step& step = script_[number];
      state.insert(step.files.begin(), step.files.end());
      state.insert(step.small.begin(), step.small.end());
      state.erase(step.removed);
    }
    return state;
  }
  std::string marker_after(std::size_t steps) const {
    while (steps > 0 && !script_[steps - 1].removed.empty()) {
      --steps;
    }
    return std::to_string(steps);
  }

  // What is held, after checking that each blob is whole and that there is no file but theirs, and
  // no block of a pack.
  State held() {
    State state;
    std::size_t in_files = 0;
    std::uint64_t bytes = 0;
    std::map<std::uint64_t, std::uint64_t> packs;  // to the blocks that are needed of it
    index_
        .scan(Family::kBlobInfo, "", "",
              [&](std::string_view key, std::string_view value) {
                const StoredInfo blob = read_stored(key, value).value();
                bytes += blob.info.size;
                in_files += blob.place.kind == proto::StoredBlob::FILE ? 1 : 0;
                if (blob.place.kind == proto::StoredBlob::PACK) {
                  packs[blob.place.in_pack.pack] += blob.info.size / PackFolder::kBlockBytes + 1;
                }
                state.insert(blob.info.digest.hex());
                return true;
              })
        .value();
    State contents;
    for (const std::string& digest : state) {
      const Sha256Digest blob = Sha256Digest::from_hex(digest).value();
      store_->verify(blob).value();
      contents.insert(read(blob));
    }
    EXPECT_EQ(store_->usage().blobs, state.size());
    EXPECT_EQ(store_->usage().bytes, bytes);
    EXPECT_EQ(files_below("blobs"), in_files);
    EXPECT_EQ(files_below("packs"), packs.size());
    for (const auto& [pack, blocks] : packs) {
      const auto path = folder_ / "packs" / std::to_string(pack);
      EXPECT_LE(files_.allocated_bytes(path).value(), (blocks + 1) * PackFolder::kBlockBytes);
    }
    return contents;
  }
  // After the plan has been set for a fresh start.
  void expect_the_step_to_work_later(ErrorCode code) {
    const std::size_t reached = run();
    if (reached < script_.size()) {  // else what failed was only tidying up
      EXPECT_EQ(failure_.code, code);
      EXPECT_TRUE(code != ErrorCode::kExhausted || !failure_.cure.empty());
    }
    plan_.clear();
    ASSERT_EQ(run(reached), script_.size());
    // The last commit has settled what the failure left behind, except where it was the last.
    ASSERT_TRUE(open());
    EXPECT_EQ(held(), state_after(script_.size()));
    EXPECT_EQ(files_below("staging"), 0U);
  }
  std::string marker() { return index_.get(Family::kGaps, "step").value().value_or("0"); }

  const std::string a_ = large('a');
  const std::string b_ = large('b');
  // Five of them make a pack, with something left of each one's last block.
  static std::string packed(char fill) { return std::string(60'000, fill); }
  const std::vector<Step> script_{
      {.files = {a_}},
      {.files = {b_, a_}, .small = {"small"}},
      {.small = {packed('0'), packed('1'), packed('2'), packed('3'), packed('4')}},
      {.removed = a_},
      {.removed = "small"},
      {.removed = packed('2')},  // leaves a hole
      {.files = {packed('1')},
       .small = {packed('5'), packed('6'), packed('7'), packed('8'), packed('2')}},
      {.removed = packed('0')},
      {.removed = packed('1')},
      {.removed = packed('3')},
      {.removed = packed('4')},  // the last of its pack
      {.files = {a_}},
  };
  const DiskBlobStore::KeepStaging keep_all_ = [](const StagingPath&) { return true; };
  Error failure_{ErrorCode::kIo, "", "", ""};
};

TEST_F(DiskBlobCrashTest, ACrashAtAnyPointLosesNothingAndShowsNothingHalf) {
  start_over();
  ASSERT_EQ(run(), script_.size());
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
        ASSERT_LT(reached, script_.size());
        ASSERT_EQ(state, state_after(++reached));
      }
      EXPECT_EQ(marker(), marker_after(reached));
      ASSERT_EQ(run(reached), script_.size());
      EXPECT_EQ(held(), state_after(script_.size()));
    }
  }
}

TEST_F(DiskBlobCrashTest, AnErrorAtAnyPointChangesNothingAndTheStepWorksLater) {
  start_over();
  ASSERT_EQ(run(), script_.size());
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
  ASSERT_EQ(run(), script_.size());
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
  ASSERT_EQ(run(), script_.size());
  const std::uint64_t points = plan_.count();
  for (const Loss files : {Loss::kAll, Loss::kNone}) {  // kNone: what was removed stays removed
    for (std::uint64_t point = 0; point < points; ++point) {
      SCOPED_TRACE("error at " + std::to_string(point));
      start_over();
      plan_.fail_from(point, EIO);
      const std::size_t reached = run();
      crash(files, Loss::kNone);
      ASSERT_TRUE(open());
      const State state = held();
      if (state != state_after(reached)) {
        ASSERT_LT(reached, script_.size());
        EXPECT_EQ(state, state_after(reached + 1));
      }
    }
  }
}

// Calls `then` once when a synced batch has been written.
class AfterAWrite final : public PassingStore {
 public:
  using PassingStore::PassingStore;
  std::function<void()> then;

  Result<void> write(const Batch& batch, Durability durability) override {
    Result<void> written = PassingStore::write(batch, durability);
    if (durability == Durability::kSynced && then) {
      std::exchange(then, {})();
    }
    return written;
  }
};

TEST_F(DiskBlobCrashTest, ACommitThatFailsBesideOneThatSucceedsKeepsItsFileUntilTheNextSucceeds) {
  AfterAWrite index(index_);
  store_ = DiskBlobStore::open(index, files_, folder_).value();
  NewBlob failing = file_blob(a_).value();
  index.then = [&] {
    plan_.fail_when([batches = 0](Operation operation, const std::string& /*thing*/) mutable {
      return operation == Operation::kStoreWrite && ++batches == 2 ? EIO : 0;  // the first notes it
    });
    ASSERT_FALSE(commit(std::move(failing)));
    plan_.clear();
  };
  ASSERT_TRUE(commit(inline_blob("beside")));
  EXPECT_EQ(files_below("blobs"), 1U) << "its batch may come back after a crash";
  EXPECT_TRUE(notes());
  ASSERT_TRUE(commit(inline_blob("after")));
  EXPECT_EQ(files_below("blobs"), 0U);
  EXPECT_FALSE(notes());
  store_.reset();
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
