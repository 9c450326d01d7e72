#include "tests/support/faulty_file_system.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "tests/support/temporary_folder.h"

namespace sluice::test {
namespace {

using Loss = FaultyFileSystem::Loss;

class FaultyFileSystemTest : public testing::Test {
 protected:
  FaultyFileSystemTest() {
    std::filesystem::create_directory(scratch_);
    std::filesystem::create_directory(folder_);
  }
  void write(const std::filesystem::path& path, std::string_view text, bool synced = true) {
    const auto file = files_.open_for_writing(path).value();
    ASSERT_TRUE(file->write_at(0, as_bytes(text)));
    if (synced) {
      ASSERT_TRUE(file->sync());
    }
  }
  // A file whose bytes and name are durable.
  void write_durably(const std::filesystem::path& path, std::string_view text) {
    write(path, text);
    ASSERT_TRUE(files_.sync_directory(path.parent_path()));
  }
  std::string read(const std::filesystem::path& path) {
    const auto bytes = read_file(files_, path, 1000);
    return bytes ? std::string(as_text(*bytes)) : "(none)";
  }

  TemporaryFolder root_;
  std::filesystem::path scratch_ = root_.path() / "scratch";
  std::filesystem::path folder_ = root_.path() / "files";
  FaultPlan plan_;
  FaultyFileSystem files_{plan_, scratch_};
};

TEST_F(FaultyFileSystemTest, LosesBytesThatWereNotSynced) {
  write_durably(folder_ / "f", "durable");
  write(folder_ / "f", "CHANGED and longer", false);
  EXPECT_EQ(read(folder_ / "f"), "CHANGED and longer");
  files_.crash(Loss::kAll);
  EXPECT_EQ(read(folder_ / "f"), "durable");
}

TEST_F(FaultyFileSystemTest, LosesANameWhoseFolderWasNotSynced) {
  write(folder_ / "f", "x");
  files_.crash(Loss::kAll);
  EXPECT_EQ(read(folder_ / "f"), "(none)");
}

TEST_F(FaultyFileSystemTest, TakesBackARenameAndWhatItReplaced) {
  write_durably(folder_ / "old", "old");
  write_durably(folder_ / "new", "new");
  ASSERT_TRUE(files_.rename(folder_ / "new", folder_ / "old"));
  EXPECT_EQ(read(folder_ / "old"), "new");
  files_.crash(Loss::kAll);
  EXPECT_EQ(read(folder_ / "old"), "old");
  EXPECT_EQ(read(folder_ / "new"), "new");
}

TEST_F(FaultyFileSystemTest, TakesBackLinksRemovalsAndFolders) {
  write_durably(folder_ / "f", "x");
  ASSERT_TRUE(files_.link(folder_ / "f", folder_ / "g"));
  ASSERT_TRUE(files_.remove(folder_ / "f"));
  ASSERT_TRUE(files_.create_directories(folder_ / "a/b"));
  write_durably(folder_ / "a/b/h", "h");
  files_.crash(Loss::kAll);
  EXPECT_EQ(read(folder_ / "f"), "x");
  EXPECT_EQ(read(folder_ / "g"), "(none)");
  EXPECT_FALSE(files_.exists(folder_ / "a").value());
}

TEST_F(FaultyFileSystemTest, KeepsWhatWasSynced) {
  write_durably(folder_ / "f", "x");
  ASSERT_TRUE(files_.link(folder_ / "f", folder_ / "g"));
  ASSERT_TRUE(files_.sync_directory(folder_));
  files_.crash(Loss::kAll);
  EXPECT_EQ(read(folder_ / "f"), "x");
  EXPECT_EQ(read(folder_ / "g"), "x");
}

TEST_F(FaultyFileSystemTest, TakesBackAHole) {
  const auto path = folder_ / "f";
  const std::string text(20'000, 'x');
  ASSERT_TRUE(write_file_durably(files_, path, as_bytes(text)));
  ASSERT_TRUE(files_.punch_hole(path, 4096, 8192));
  EXPECT_NE(as_text(read_file(files_, path, 1 << 20).value()), text);
  files_.crash(Loss::kAll);
  EXPECT_EQ(as_text(read_file(files_, path, 1 << 20).value()), text);
}

TEST_F(FaultyFileSystemTest, LosesAtRandomBySeed) {
  std::set<int> left;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    int count = 0;
    for (int i = 0; i < 4; ++i) {
      write(folder_ / std::to_string(i), "x");
    }
    files_.crash(Loss::kRandom, seed);
    for (int i = 0; i < 4; ++i) {
      count += files_.exists(folder_ / std::to_string(i)).value() ? 1 : 0;
      ASSERT_TRUE(files_.remove(folder_ / std::to_string(i)));
    }
    files_.crash(Loss::kNone);
    left.insert(count);
  }
  EXPECT_EQ(left, (std::set<int>{0, 1, 2, 3, 4}));
}

TEST_F(FaultyFileSystemTest, FailsTheOperationAskedForAndNoOther) {
  plan_.fail_at(2, ENOSPC);  // create, write, sync
  const auto file = files_.open_for_writing(folder_ / "f").value();
  ASSERT_TRUE(file->write_at(0, as_bytes("x")));
  const auto failed = file->sync();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kExhausted);
  EXPECT_TRUE(plan_.fired());
  EXPECT_TRUE(file->sync());
}

TEST_F(FaultyFileSystemTest, AFullDiskStillRemoves) {
  write_durably(folder_ / "f", "x");
  plan_.fail_from(0, ENOSPC);
  EXPECT_FALSE(files_.open_for_writing(folder_ / "g"));
  EXPECT_FALSE(files_.sync_directory(folder_));
  EXPECT_TRUE(files_.remove(folder_ / "f"));
}

TEST_F(FaultyFileSystemTest, NothingWorksAfterACrashUntilCleared) {
  write_durably(folder_ / "f", "x");
  plan_.crash_at(plan_.count());
  EXPECT_FALSE(files_.remove(folder_ / "f"));
  EXPECT_TRUE(plan_.crashed());
  EXPECT_FALSE(files_.open_for_reading(folder_ / "f"));
  plan_.clear();
  EXPECT_EQ(read(folder_ / "f"), "x");
}

}  // namespace
}  // namespace sluice::test
