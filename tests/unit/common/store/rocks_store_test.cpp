#include "common/store/rocks_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/support/full_disk_env.h"
#include "tests/support/temporary_folder.h"

namespace sluice::store {
namespace {

using test::FullRocksDisk;
using testing::ElementsAre;
using testing::HasSubstr;

class RocksStoreTest : public testing::Test {
 protected:
  RocksStoreTest() { settings_.folder = folder_.path() / "index"; }

  void open() {
    store_.reset();
    store_ = open_rocks_store(settings_).value();
  }
  Result<void> put(Family family, const std::string& key, const std::string& value,
                   Durability durability = Durability::kSynced) {
    Batch batch;
    batch.put(family, key, value);
    return store_->write(batch, durability);
  }
  std::string get(Family family, const std::string& key) {
    return store_->get(family, key).value().value_or("(none)");
  }
  std::vector<std::string> keys(Family family, std::string_view prefix, std::string_view from) {
    std::vector<std::string> found;
    store_
        ->scan(family, prefix, from,
               [&](std::string_view key, std::string_view) {
                 found.emplace_back(key);
                 return true;
               })
        .value();
    return found;
  }

  test::TemporaryFolder folder_;
  RocksSettings settings_;
  std::unique_ptr<KeyValueStore> store_;
};

TEST_F(RocksStoreTest, KeepsBatchesOverReopening) {
  open();
  const std::string large(100'000, 'x');  // goes to a blob file
  Batch batch;
  batch.put(Family::kBlobs, "k", large);
  batch.put(Family::kGaps, "k", "gap");
  batch.put(Family::kGaps, "gone", "gap");
  batch.remove(Family::kGaps, "gone");
  ASSERT_TRUE(store_->write(batch, Durability::kSynced));
  open();
  EXPECT_EQ(get(Family::kBlobs, "k"), large);
  EXPECT_EQ(get(Family::kGaps, "k"), "gap");
  EXPECT_EQ(get(Family::kGaps, "gone"), "(none)");
  EXPECT_EQ(get(Family::kEvents, "k"), "(none)");
}

TEST_F(RocksStoreTest, ScansAPrefixInOrder) {
  open();
  for (const char* key : {"a", "b1", "b2", "b3", "c"}) {
    ASSERT_TRUE(put(Family::kParts, key, "v"));
  }
  EXPECT_THAT(keys(Family::kParts, "b", ""), ElementsAre("b1", "b2", "b3"));
  EXPECT_THAT(keys(Family::kParts, "b", "b2"), ElementsAre("b2", "b3"));
  EXPECT_THAT(keys(Family::kParts, "", ""), ElementsAre("a", "b1", "b2", "b3", "c"));
  EXPECT_THAT(keys(Family::kParts, "d", ""), ElementsAre());
}

TEST_F(RocksStoreTest, FindsTheLastKeyAtOrBefore) {
  open();
  for (const char* key : {"a9", "b1", "b3"}) {
    ASSERT_TRUE(put(Family::kParts, key, key));
  }
  EXPECT_EQ(store_->last_at_or_before(Family::kParts, "b", "b3").value()->first, "b3");
  EXPECT_EQ(store_->last_at_or_before(Family::kParts, "b", "b2").value()->second, "b1");
  EXPECT_FALSE(store_->last_at_or_before(Family::kParts, "b", "b0").value());
  EXPECT_FALSE(store_->last_at_or_before(Family::kParts, "c", "c").value());
}

TEST_F(RocksStoreTest, RefusesAFolderThatAnotherProcessHasOpen) {
  int ready[2];
  int done[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(done), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = open_rocks_store(settings_);
    char byte = held ? 'y' : 'n';
    static_cast<void>(!::write(ready[1], &byte, 1));
    ::close(done[1]);
    static_cast<void>(!::read(done[0], &byte, 1));  // until the parent closes it
    ::_exit(0);
  }
  ASSERT_GT(child, 0);
  ::close(ready[1]);  // so that a child that dies ends the read below
  ::close(done[0]);
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  const auto second = open_rocks_store(settings_);
  ::close(done[1]);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kRefused);
  EXPECT_THAT(second.error().message(), HasSubstr(settings_.folder.string()));
  EXPECT_THAT(second.error().message(), HasSubstr("another process"));
}

TEST_F(RocksStoreTest, RefusesANewerFormat) {
  open();
  ASSERT_TRUE(put(Family::kMeta, "format-version", "3"));
  store_.reset();
  const auto reopened = open_rocks_store(settings_);
  ASSERT_FALSE(reopened);
  EXPECT_EQ(reopened.error().code, ErrorCode::kRefused);
  EXPECT_THAT(reopened.error().message(), HasSubstr("format 3"));
  EXPECT_THAT(reopened.error().cure, HasSubstr("install the version"));
}

TEST_F(RocksStoreTest, AFolderOfAnOlderFormatIsReadAndIsOneOfThisFromThenOn) {
  open();
  ASSERT_TRUE(put(Family::kMeta, "format-version", "1"));
  ASSERT_TRUE(put(Family::kBlobs, "k", "v"));
  store_.reset();
  open();
  EXPECT_EQ(get(Family::kBlobs, "k"), "v");
  EXPECT_EQ(get(Family::kMeta, "format-version"), "2");
}

TEST_F(RocksStoreTest, NamesADamagedFolder) {
  open();
  ASSERT_TRUE(put(Family::kMeta, "k", "v"));
  store_.reset();
  for (const auto& entry : std::filesystem::directory_iterator(settings_.folder)) {
    if (entry.path().filename().string().starts_with("MANIFEST")) {
      std::ofstream(entry.path(), std::ios::trunc) << "this is not a manifest, not even nearly";
    }
  }
  const auto reopened = open_rocks_store(settings_);
  ASSERT_FALSE(reopened);
  EXPECT_EQ(reopened.error().code, ErrorCode::kIntegrity);
  EXPECT_EQ(reopened.error().thing, settings_.folder.string());
  EXPECT_THAT(reopened.error().cure, HasSubstr("backup"));
}

class LogDamageTest : public RocksStoreTest {
 protected:
  // Fills the log with synced batches and leaves it as a crash would: nothing is closed in order.
  void write_and_crash(int batches) {
    const pid_t child = ::fork();
    if (child == 0) {
      store_ = open_rocks_store(settings_).value();
      for (int i = 0; i < batches; ++i) {
        put(Family::kGaps, "key " + std::to_string(i), std::string(100, 'v')).value();
      }
      ::_exit(0);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
  }
  std::filesystem::path log() const {
    std::filesystem::path found;
    for (const auto& entry : std::filesystem::directory_iterator(settings_.folder)) {
      if (entry.path().extension() == ".log" && entry.file_size() > 0) {
        found = entry.path();
      }
    }
    return found;
  }
  // Flips a bit in the value of a batch.
  void flip_in(const std::string& key) {
    std::fstream file(log(), std::ios::in | std::ios::out | std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    const std::size_t at = text.find(key) + key.size() + 10;
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(text[at] ^ 1));
  }
};

TEST_F(LogDamageTest, IsRefusedWhereMoreWasSyncedThanCanBeReplayed) {
  for (const int damaged : {0, 50, 98}) {
    SCOPED_TRACE(damaged);
    std::filesystem::remove_all(settings_.folder);
    write_and_crash(100);
    flip_in("key " + std::to_string(damaged));
    for (int attempt = 0; attempt < 2; ++attempt) {  // the first leaves everything as it was
      const auto opened = open_rocks_store(settings_);
      ASSERT_FALSE(opened);
      EXPECT_EQ(opened.error().code, ErrorCode::kIntegrity);
      EXPECT_EQ(opened.error().thing, settings_.folder.string());
      EXPECT_THAT(opened.error().cause, HasSubstr("log is damaged"));
      EXPECT_THAT(opened.error().cure, HasSubstr("backup"));
    }
  }
}

TEST_F(LogDamageTest, ATornEndIsNone) {
  write_and_crash(100);
  const auto size = std::filesystem::file_size(log());
  for (const std::uintmax_t cut : {1U, 20U, 150U}) {
    const auto copy = folder_ / "copy";
    std::filesystem::remove_all(copy);
    std::filesystem::copy(settings_.folder, copy);
    std::filesystem::resize_file(copy / log().filename(), size - cut);
    RocksSettings settings = settings_;
    settings.folder = copy;
    const auto opened = open_rocks_store(settings);
    ASSERT_TRUE(opened) << cut;
    EXPECT_TRUE((*opened)->get(Family::kGaps, "key 98").value());
    EXPECT_FALSE((*opened)->get(Family::kGaps, "key 99").value());
  }
}

TEST_F(LogDamageTest, IsSeenInTheLastBatchOfARunThatEndedInOrder) {
  open();
  ASSERT_TRUE(put(Family::kGaps, "key last", std::string(100, 'v')));
  store_.reset();
  flip_in("key last");
  EXPECT_EQ(open_rocks_store(settings_).error().code, ErrorCode::kIntegrity);
}

class FullDiskTest : public RocksStoreTest,
                     public testing::WithParamInterface<FullRocksDisk::State> {
 protected:
  FullDiskTest() {
    settings_.env = env_.get();
    settings_.resume_free_bytes = 1;
    open();
  }
  ~FullDiskTest() override { store_.reset(); }

  std::shared_ptr<FullRocksDisk> disk_ = std::make_shared<FullRocksDisk>();
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(disk_);
};

TEST_P(FullDiskTest, ReadsGoOnAndWritesResumeWhenThereIsSpace) {
  ASSERT_TRUE(put(Family::kGaps, "before", "1"));
  disk_->set(GetParam());
  for (int attempt = 0; attempt < 3; ++attempt) {
    const auto refused = put(Family::kGaps, "during", "2");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kExhausted);
    EXPECT_EQ(refused.error().thing, settings_.folder.string());
    EXPECT_FALSE(refused.error().cure.empty());
    EXPECT_EQ(get(Family::kGaps, "before"), "1");
    EXPECT_EQ(get(Family::kGaps, "during"), "(none)");
  }
  disk_->set(FullRocksDisk::State::kFree);
  ASSERT_TRUE(put(Family::kGaps, "after", "3"));
  open();
  EXPECT_THAT(keys(Family::kGaps, "", ""), ElementsAre("after", "before"));
}

TEST_P(FullDiskTest, ResumesRightAfterOpening) {
  disk_->set(GetParam());
  ASSERT_FALSE(put(Family::kGaps, "k", "1"));
  disk_->set(FullRocksDisk::State::kFree);
  ASSERT_TRUE(put(Family::kGaps, "k", "2"));
  ASSERT_TRUE(put(Family::kGaps, "l", "3"));
  open();
  EXPECT_EQ(get(Family::kGaps, "k"), "2");
  EXPECT_EQ(get(Family::kGaps, "l"), "3");
}

TEST_P(FullDiskTest, AFailedBatchNeverComesBackAfterALaterWrite) {
  ASSERT_TRUE(put(Family::kGaps, "changed", "old"));
  disk_->set(GetParam());
  Batch failed;
  failed.put(Family::kGaps, "changed", "new");
  failed.put(Family::kGaps, "added", "new");
  failed.put(Family::kBlobs, "added", std::string(50'000, 'n'));
  ASSERT_FALSE(store_->write(failed, Durability::kSynced));
  disk_->set(FullRocksDisk::State::kFree);
  ASSERT_TRUE(put(Family::kGaps, "later", "1"));
  EXPECT_EQ(get(Family::kGaps, "changed"), "old");
  EXPECT_EQ(get(Family::kGaps, "added"), "(none)");
  open();
  EXPECT_EQ(get(Family::kGaps, "changed"), "old");
  EXPECT_EQ(get(Family::kGaps, "added"), "(none)");
  EXPECT_EQ(get(Family::kBlobs, "added"), "(none)");
  EXPECT_EQ(get(Family::kGaps, "later"), "1");
}

TEST_P(FullDiskTest, KeepsUnsyncedWritesFromBefore) {
  ASSERT_TRUE(put(Family::kGaps, "unsynced", "1", Durability::kUnsynced));
  disk_->set(GetParam());
  ASSERT_FALSE(put(Family::kGaps, "failed", "2"));
  disk_->set(FullRocksDisk::State::kFree);
  ASSERT_TRUE(put(Family::kGaps, "later", "3"));
  EXPECT_EQ(get(Family::kGaps, "unsynced"), "1");
}

TEST_P(FullDiskTest, DoesNotCloseUnderAReader) {
  ASSERT_TRUE(put(Family::kGaps, "a", "1"));
  ASSERT_TRUE(put(Family::kGaps, "b", "2"));
  disk_->set(GetParam());
  ASSERT_FALSE(put(Family::kGaps, "c", "3"));
  disk_->set(FullRocksDisk::State::kFree);
  int seen = 0;
  ASSERT_TRUE(store_->scan(Family::kGaps, "", "", [&](std::string_view, std::string_view) {
    ++seen;
    EXPECT_EQ(put(Family::kGaps, "c", "3").error().code, ErrorCode::kExhausted);
    return true;
  }));
  EXPECT_EQ(seen, 2);
  EXPECT_TRUE(put(Family::kGaps, "c", "3"));
}

INSTANTIATE_TEST_SUITE_P(Disks, FullDiskTest,
                         testing::Values(FullRocksDisk::State::kRefusesWrites,
                                         FullRocksDisk::State::kRefusesSyncs,
                                         FullRocksDisk::State::kHasNoInodes,
                                         FullRocksDisk::State::kIsBeyondQuota));

class BrokenDiskTest : public RocksStoreTest {
 protected:
  BrokenDiskTest() {
    settings_.env = env_.get();
    settings_.failed = [this](const Error& error) { told_.push_back(error); };
    open();
  }
  ~BrokenDiskTest() override { store_.reset(); }

  std::shared_ptr<FullRocksDisk> disk_ = std::make_shared<FullRocksDisk>();
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(disk_);
  std::vector<Error> told_;
};

// What a disk that has failed once really holds shows only when it is read anew.
TEST_F(BrokenDiskTest, AFailedWriteIsToldOnceAndIsTheLast) {
  ASSERT_TRUE(put(Family::kGaps, "before", "1"));
  EXPECT_TRUE(told_.empty());
  disk_->set(FullRocksDisk::State::kFails);
  EXPECT_EQ(put(Family::kGaps, "failed", "2").error().code, ErrorCode::kIo);
  disk_->set(FullRocksDisk::State::kFree);
  EXPECT_EQ(put(Family::kGaps, "later", "3").error().code, ErrorCode::kIo);
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_.front().code, ErrorCode::kIo);
  EXPECT_EQ(told_.front().thing, settings_.folder.string());
  EXPECT_EQ(get(Family::kGaps, "before"), "1");
  open();
  EXPECT_THAT(keys(Family::kGaps, "", ""), ElementsAre("before"));
  EXPECT_TRUE(put(Family::kGaps, "again", "4"));
}

TEST_F(BrokenDiskTest, OneThatFailsAfterItWasFullIsToldToo) {
  settings_.resume_free_bytes = 1;
  open();
  disk_->set(FullRocksDisk::State::kRefusesWrites);
  ASSERT_EQ(put(Family::kGaps, "k", "1").error().code, ErrorCode::kExhausted);
  EXPECT_TRUE(told_.empty());
  disk_->set(FullRocksDisk::State::kFails);
  EXPECT_EQ(put(Family::kGaps, "k", "1").error().code, ErrorCode::kIo);
  EXPECT_EQ(told_.size(), 1U);
}

}  // namespace
}  // namespace sluice::store
