#include "tests/support/sim_file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <set>

namespace sluice::test {
namespace {

using testing::ElementsAre;

class SimFileSystemTest : public testing::Test {
 protected:
  SimFileSystemTest() {
    files_.create_directories("/d").value();
    files_.sync_directory("/").value();
  }
  Result<void> write(const std::string& path, std::string_view text, std::uint64_t offset = 0) {
    SLUICE_TRY(const auto file, files_.open_for_writing(path));
    return file->write_at(offset, as_bytes(text));
  }
  void write_synced(const std::string& path, std::string_view text) {
    write(path, text).value();
    files_.open_for_writing(path).value()->sync().value();
  }
  void write_durably(const std::string& path, std::string_view text) {
    write_synced(path, text);
    files_.sync_directory(std::filesystem::path(path).parent_path()).value();
  }
  std::string read(const std::string& path) {
    const auto bytes = read_file(files_, path, 1 << 20);
    return bytes ? std::string(as_text(*bytes)) : std::string(to_string(bytes.error().code));
  }

  FaultPlan plan_;
  std::shared_ptr<DiskSpace> space_ = std::make_shared<DiskSpace>();
  SimFileSystem files_{plan_, space_};
};

TEST_F(SimFileSystemTest, ReadsWhatWasWritten) {
  ASSERT_TRUE(write("/d/f", "hello"));
  ASSERT_TRUE(write("/d/f", "J"));
  ASSERT_TRUE(write("/d/f", "!", 6));
  EXPECT_EQ(read("/d/f"), std::string("Jello\0!", 7));
  Bytes into(8);
  EXPECT_EQ(files_.open_for_reading("/d/f").value()->read_at(0, into).error().code,
            ErrorCode::kIntegrity);
  EXPECT_EQ(read("/d/none"), "not-found");
  EXPECT_EQ(read("/d"), "io");
}

TEST_F(SimFileSystemTest, NamesBehaveAsOnARealDisk) {
  ASSERT_TRUE(write("/d/f", "f"));
  ASSERT_TRUE(write("/d/g", "g"));
  EXPECT_EQ(files_.link("/d/f", "/d/g").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(files_.link("/d/none", "/d/h").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(files_.link("/d/f", "/d/h"));
  ASSERT_TRUE(files_.rename("/d/f", "/d/h"));
  EXPECT_EQ(read("/d/f"), "f");  // both were the same file: rename(2) leaves them
  ASSERT_TRUE(files_.rename("/d/f", "/d/g"));
  EXPECT_EQ(read("/d/g"), "f");
  EXPECT_EQ(read("/d/f"), "not-found");
  ASSERT_TRUE(files_.remove("/d/none"));
  EXPECT_EQ(write("/none/f", "x").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(files_.create_directories("/d/g/x").error().code, ErrorCode::kIo);
  ASSERT_TRUE(files_.create_directories("/d/x/y/"));
  ASSERT_TRUE(write("/d/x/y/../z", "z"));
  EXPECT_TRUE(files_.exists("/d/x/z").value());
  std::vector<std::string> listed;
  ASSERT_TRUE(
      files_.list_files("/d", [&](std::string name) { listed.push_back(std::move(name)); }));
  EXPECT_THAT(listed, ElementsAre("g", "h"));
}

TEST_F(SimFileSystemTest, RefusesToWriteWhatIsReadOnly) {
  ASSERT_TRUE(write("/d/f", "f"));
  ASSERT_TRUE(files_.make_read_only("/d/f"));
  EXPECT_EQ(write("/d/f", "g").error().code, ErrorCode::kIo);
  EXPECT_FALSE(files_.open_for_reading("/d/f").value()->write_at(0, as_bytes("g")));
  EXPECT_EQ(read("/d/f"), "f");
}

TEST_F(SimFileSystemTest, ACrashLosesWhatWasNotSynced) {
  write_durably("/d/f", "durable");
  ASSERT_TRUE(write("/d/f", "CHANGED and longer"));
  write_synced("/d/g", "its folder was not synced");
  files_.crash(Loss::kAll);
  EXPECT_EQ(read("/d/f"), "durable");
  EXPECT_EQ(read("/d/g"), "not-found");
}

TEST_F(SimFileSystemTest, ACrashMayLoseNothing) {
  ASSERT_TRUE(write("/d/f", "f"));
  ASSERT_TRUE(files_.create_directories("/d/x"));
  ASSERT_TRUE(write("/d/x/g", "g"));
  files_.crash(Loss::kNone);
  EXPECT_EQ(read("/d/f"), "f");
  EXPECT_EQ(read("/d/x/g"), "g");
}

TEST_F(SimFileSystemTest, WhatLiesInALostFolderIsLost) {
  ASSERT_TRUE(files_.create_directories("/d/x"));
  write_durably("/d/x/f", "f");
  files_.crash(Loss::kAll);
  EXPECT_FALSE(files_.exists("/d/x").value());
  EXPECT_FALSE(files_.exists("/d/x/f").value());
}

TEST_F(SimFileSystemTest, ARenameIsThereWholeOrNotAtAll) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SimFileSystem files(plan_);
    for (const char* folder : {"/a", "/b"}) {
      ASSERT_TRUE(files.create_directories(folder));
    }
    ASSERT_TRUE(files.sync_directory("/"));
    ASSERT_TRUE(files.open_for_writing("/a/f"));
    ASSERT_TRUE(files.sync_directory("/a"));
    ASSERT_TRUE(files.rename("/a/f", "/b/f"));
    files.crash(Loss::kRandom, seed);
    std::string left;
    for (const auto& path : files.files_below("/")) {
      left += path.string() + " ";
    }
    outcomes.insert(left);
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"/a/f ", "/b/f "}));
}

TEST_F(SimFileSystemTest, LosesTheLatestNamesOfAFolderFirst) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SimFileSystem files(plan_);
    for (const char* folder : {"/a", "/b"}) {
      ASSERT_TRUE(files.create_directories(folder));
    }
    ASSERT_TRUE(files.sync_directory("/"));
    for (const char* path : {"/a/1", "/b/1", "/a/2", "/b/2"}) {
      ASSERT_TRUE(files.open_for_writing(path));
    }
    files.crash(Loss::kRandom, seed);
    std::string left;
    for (const auto& path : files.files_below("/")) {
      left += path.string();
    }
    outcomes.insert(left);
  }
  // Any number of each folder's, but never the second without the first.
  EXPECT_EQ(outcomes, (std::set<std::string>{"", "/a/1", "/b/1", "/a/1/b/1", "/a/1/a/2", "/b/1/b/2",
                                             "/a/1/a/2/b/1", "/a/1/b/1/b/2", "/a/1/a/2/b/1/b/2"}));
}

TEST_F(SimFileSystemTest, SyncingAFolderTakesAlongWhatCameBefore) {
  ASSERT_TRUE(files_.create_directories("/d/x"));
  ASSERT_TRUE(files_.sync_directory("/d"));
  write_synced("/d/x/f", "f");
  ASSERT_TRUE(files_.rename("/d/x/f", "/d/g"));
  ASSERT_TRUE(files_.sync_directory("/d"));
  files_.crash(Loss::kAll);
  EXPECT_EQ(read("/d/g"), "f");
  EXPECT_EQ(read("/d/x/f"), "not-found");
}

TEST_F(SimFileSystemTest, TearsWritesBySector) {
  const std::string old_bytes(4 * kSimSectorBytes, 'o');
  const std::string new_bytes(6 * kSimSectorBytes, 'n');
  write_durably("/d/f", old_bytes);
  files_.write_back();
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    ASSERT_TRUE(write("/d/f", new_bytes));
    files_.crash(Loss::kRandom, seed);
    const std::string left = read("/d/f");
    std::string shape;
    for (std::size_t at = 0; at < left.size(); at += kSimSectorBytes) {
      const std::string sector = left.substr(at, kSimSectorBytes);
      EXPECT_EQ(sector, std::string(kSimSectorBytes, sector.front()));
      shape += sector.front() == '\0' ? '0' : sector.front();
    }
    outcomes.insert(shape);
    ASSERT_TRUE(files_.remove("/d/f"));
    write_durably("/d/f", old_bytes);
  }
  // Every subset of four sectors, either cut at the old length or with two more, each written or 0.
  EXPECT_EQ(outcomes.size(), 16U + 64U);
  EXPECT_TRUE(outcomes.contains("oooo"));
  EXPECT_TRUE(outcomes.contains("nnnn00"));
  EXPECT_TRUE(outcomes.contains("onon0n"));
}

TEST_F(SimFileSystemTest, WhatAFailedSyncDroppedIsNeverWritten) {
  write_durably("/d/f", "old");
  const auto file = files_.open_for_writing("/d/f").value();
  ASSERT_TRUE(file->write_at(0, as_bytes("new")));
  plan_.fail_at(plan_.count(), EIO);
  EXPECT_EQ(file->sync().error().code, ErrorCode::kIo);
  EXPECT_TRUE(file->sync());
  EXPECT_EQ(read("/d/f"), "new");
  files_.crash(Loss::kAll);
  EXPECT_EQ(read("/d/f"), "old");
  write_synced("/d/f", "new");
  files_.crash(Loss::kAll);
  EXPECT_EQ(read("/d/f"), "new");
}

TEST_F(SimFileSystemTest, OpenFilesFailAfterACrash) {
  write_durably("/d/f", "f");
  const auto writing = files_.open_for_writing("/d/f").value();
  const auto reading = files_.open_for_reading("/d/f").value();
  files_.crash(Loss::kNone);
  Bytes into(1);
  EXPECT_FALSE(reading->read_at(0, into));
  EXPECT_FALSE(reading->size());
  EXPECT_FALSE(writing->write_at(0, as_bytes("g")));
  EXPECT_FALSE(writing->sync());
  EXPECT_EQ(read("/d/f"), "f");
}

TEST_F(SimFileSystemTest, ARemovedFileStaysOpen) {
  write_durably("/d/f", "f");
  const auto file = files_.open_for_reading("/d/f").value();
  ASSERT_TRUE(files_.remove("/d/f"));
  Bytes into(1);
  ASSERT_TRUE(file->read_at(0, into));
  EXPECT_EQ(into.front(), 'f');
}

TEST_F(SimFileSystemTest, IsFullUntilSomethingIsRemoved) {
  space_->set_capacity(4 * kSimSectorBytes);
  const std::string two_sectors(2 * kSimSectorBytes, 'x');
  write_durably("/d/f", two_sectors);
  EXPECT_EQ(files_.free_bytes("/d").value(), 2 * kSimSectorBytes);
  EXPECT_EQ(write("/d/g", two_sectors + "y").error().code, ErrorCode::kExhausted);
  EXPECT_EQ(read("/d/g"), two_sectors);  // what fitted
  EXPECT_EQ(write("/d/h", "").error().code, ErrorCode::kExhausted);
  EXPECT_EQ(files_.create_directories("/d/x").error().code, ErrorCode::kExhausted);
  EXPECT_TRUE(write("/d/f", "over"));
  ASSERT_TRUE(files_.remove("/d/f"));
  EXPECT_EQ(files_.free_bytes("/d").value(), 2 * kSimSectorBytes);
  EXPECT_TRUE(write("/d/g", two_sectors + "y"));
  files_.crash(Loss::kAll);  // brings f back, and g was never durable
  EXPECT_EQ(space_->used(), 2 * kSimSectorBytes);
}

TEST_F(SimFileSystemTest, AHoleReadsAsZerosAndGivesItsSectorsBack) {
  write_durably("/d/f", std::string(4 * kSimSectorBytes + 10, 'x'));
  const std::uint64_t before = space_->used();
  ASSERT_TRUE(files_.punch_hole("/d/f", kSimSectorBytes, 2 * kSimSectorBytes));
  EXPECT_EQ(space_->used(), before - 2 * kSimSectorBytes);
  EXPECT_EQ(files_.allocated_bytes("/d/f").value(), 3 * kSimSectorBytes);
  EXPECT_EQ(read("/d/f"), std::string(kSimSectorBytes, 'x') +
                              std::string(2 * kSimSectorBytes, '\0') +
                              std::string(kSimSectorBytes + 10, 'x'));
  ASSERT_TRUE(
      files_.punch_hole("/d/f", 4 * kSimSectorBytes, 8 * kSimSectorBytes));  // beyond its end
  EXPECT_EQ(files_.allocated_bytes("/d/f").value(), 2 * kSimSectorBytes);
  EXPECT_EQ(read("/d/f").size(), 4 * kSimSectorBytes + 10);
  EXPECT_EQ(files_.punch_hole("/d/none", 0, 1).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(files_.remove("/d/f"));
  EXPECT_EQ(space_->used(), 0U);
}

TEST_F(SimFileSystemTest, ACrashTakesAHoleBackThatWasNotSynced) {
  const std::string whole(3 * kSimSectorBytes, 'x');
  for (const bool synced : {false, true}) {
    write_durably("/d/f", whole);
    ASSERT_TRUE(files_.punch_hole("/d/f", 0, 2 * kSimSectorBytes));
    if (synced) {
      ASSERT_TRUE(files_.open_for_writing("/d/f").value()->sync());
    }
    files_.crash(Loss::kAll);
    EXPECT_EQ(read("/d/f") == whole, !synced);
    EXPECT_EQ(space_->used(), (synced ? 1 : 3) * kSimSectorBytes);
  }
}

TEST_F(SimFileSystemTest, FailsWhatThePlanSays) {
  write_durably("/d/f", "f");
  plan_.clear();
  plan_.fail_read_at(0, EMFILE);
  EXPECT_EQ(files_.open_for_reading("/d/f").error().code, ErrorCode::kExhausted);
  plan_.fail_read_at(3, EIO);  // that open, open, size, read
  EXPECT_EQ(read("/d/f"), "io");
  EXPECT_EQ(read("/d/f"), "f");
  plan_.fail_reads_from(plan_.reads().size(), EIO);
  EXPECT_EQ(read("/d/f"), "io");
  EXPECT_EQ(read("/d/f"), "io");
  plan_.clear();
  plan_.fail_when([](Operation operation, const std::string& thing) {
    return operation == Operation::kWrite && thing == "/d/g" ? EDQUOT : 0;
  });
  EXPECT_TRUE(write("/d/f", "g"));
  EXPECT_EQ(write("/d/g", "g").error().code, ErrorCode::kExhausted);
  EXPECT_TRUE(plan_.fired());
}

TEST_F(SimFileSystemTest, NothingWorksWithoutPower) {
  write_durably("/d/f", "f");
  plan_.crash_at(plan_.count());
  EXPECT_FALSE(files_.remove("/d/f"));
  EXPECT_EQ(read("/d/f"), "io");
  files_.crash(Loss::kAll);
  EXPECT_EQ(read("/d/f"), "io");
  plan_.clear();
  EXPECT_EQ(read("/d/f"), "f");
}

TEST_F(SimFileSystemTest, Rots) {
  write_durably("/d/f", "f");
  write_durably("/d/empty", "");
  ASSERT_TRUE(files_.rot("/d/f", 8 + 0));
  EXPECT_EQ(read("/d/f"), "g");
  files_.crash(Loss::kAll);
  EXPECT_EQ(read("/d/f"), "g");
  EXPECT_EQ(files_.rot_any("/d", 1), std::filesystem::path("/d/f"));
  EXPECT_NE(read("/d/f"), "g");
  EXPECT_FALSE(files_.rot("/d/empty", 0));
  EXPECT_FALSE(files_.rot("/d/none", 0));
  EXPECT_FALSE(files_.rot_any("/other", 1));
}

TEST_F(SimFileSystemTest, IsTheSameForTheSameSeed) {
  const auto run = [this](std::uint64_t seed) {
    SimFileSystem files(plan_);
    std::string left;
    for (int i = 0; i < 20; ++i) {
      const auto file = files.open_for_writing("/" + std::to_string(i)).value();
      file->write_at(0, Bytes(1500, static_cast<std::uint8_t>('a' + i))).value();
    }
    files.crash(Loss::kRandom, seed);
    for (const auto& path : files.files_below("/")) {
      left += path.string() + std::string(as_text(read_file(files, path, 2000).value()));
    }
    return left;
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
}

}  // namespace
}  // namespace sluice::test
