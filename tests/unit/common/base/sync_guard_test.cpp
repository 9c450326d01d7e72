#include "common/base/sync_guard.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

#include "tests/support/faulty_file_system.h"
#include "tests/support/temporary_folder.h"

namespace sluice {
namespace {

class SyncGuardTest : public testing::Test {
 protected:
  SyncGuardTest() { std::filesystem::create_directory(root_ / "scratch"); }

  std::unique_ptr<File> file(const std::string& name) {
    return guard_.open_for_writing(root_ / name).value();
  }
  // The next sync fails, and only it: the kernel reports a page that it has lost once.
  void fail_next(int error_number) { plan_.fail_at(plan_.count(), error_number); }

  test::TemporaryFolder root_;
  test::FaultPlan plan_;
  test::FaultyFileSystem disk_{plan_, root_ / "scratch"};
  std::vector<Error> told_;
  SyncGuard guard_{disk_, [this](const Error& error) { told_.push_back(error); }};
};

TEST_F(SyncGuardTest, AFailedSyncIsNeverTriedAgain) {
  const auto one = file("one");
  const auto two = file("two");
  ASSERT_TRUE(one->sync());
  ASSERT_TRUE(guard_.sync_directory(root_.path()));
  fail_next(EIO);
  EXPECT_EQ(one->sync().error().code, ErrorCode::kIo);
  const std::uint64_t before = plan_.count();
  EXPECT_EQ(one->sync().error().code, ErrorCode::kIo);
  EXPECT_EQ(two->sync().error().code, ErrorCode::kIo);
  EXPECT_EQ(guard_.sync_directory(root_.path()).error().code, ErrorCode::kIo);
  EXPECT_EQ(plan_.count(), before) << "the disk was asked again";
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_.front().thing, (root_ / "one").string());
}

TEST_F(SyncGuardTest, AFileThatIsOnlyReadCounts) {
  const auto one = file("one");
  const auto again = guard_.open_for_reading(root_ / "one").value();
  fail_next(EIO);
  EXPECT_FALSE(again->sync());
  EXPECT_EQ(told_.size(), 1U);
  EXPECT_FALSE(one->sync());
}

TEST_F(SyncGuardTest, AFolderCounts) {
  fail_next(EROFS);
  EXPECT_FALSE(guard_.sync_directory(root_.path()));
  EXPECT_EQ(told_.size(), 1U);
}

TEST_F(SyncGuardTest, OneOfManyThatAreSyncedTogetherCounts) {
  const auto one = file("one");
  const auto two = file("two");
  ASSERT_TRUE(guard_.sync_all({one.get(), two.get()}));
  plan_.fail_at(plan_.count() + 1, EIO);
  EXPECT_FALSE(guard_.sync_all({one.get(), two.get()}));
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_.front().thing, (root_ / "two").string());
  EXPECT_FALSE(one->sync());
}

// The kernel tells a page that it could not write once, and whoever waits for it hears it.
TEST_F(SyncGuardTest, WaitingForTheDiskCounts) {
  const auto one = file("one");
  ASSERT_TRUE(one->finish_writing(0, 1));
  fail_next(EIO);
  EXPECT_FALSE(one->finish_writing(0, 1));
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_FALSE(one->sync());
}

// No descriptor to open a folder with: nothing was lost.
TEST_F(SyncGuardTest, WhatIsNoFailureOfTheDiskMayBeTriedAgain) {
  fail_next(EMFILE);
  EXPECT_FALSE(guard_.sync_directory(root_.path()));
  EXPECT_TRUE(guard_.sync_directory(root_.path()));
  EXPECT_TRUE(told_.empty());
}

TEST_F(SyncGuardTest, ReadingAndWritingGoOn) {
  const auto one = file("one");
  fail_next(EIO);
  EXPECT_FALSE(one->sync());
  ASSERT_TRUE(one->write_at(0, as_bytes("abc")));
  Bytes back(3);
  ASSERT_TRUE(one->read_at(0, back));
  EXPECT_EQ(as_text(back), "abc");
}

}  // namespace
}  // namespace sluice
