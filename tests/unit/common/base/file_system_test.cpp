#include "common/base/file_system.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace sluice {
namespace {

class FileSystemTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  FileSystem& files_ = posix_file_system();
};

TEST_F(FileSystemTest, ReplacesAFileWhole) {
  const auto path = folder_ / "f";
  ASSERT_TRUE(write_file_durably(files_, path, as_bytes("a longer first text")));
  ASSERT_TRUE(write_file_durably(files_, path, as_bytes("short")));
  EXPECT_EQ(as_text(read_file(files_, path, 100).value()), "short");
  int count = 0;
  ASSERT_TRUE(files_.list_files(folder_.path(), [&](const std::string&) { ++count; }));
  EXPECT_EQ(count, 1);
}

TEST_F(FileSystemTest, NamesWhatIsMissing) {
  const auto missing = read_file(files_, folder_ / "gone", 100);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message().find("gone"), std::string::npos);
  EXPECT_TRUE(files_.remove(folder_ / "gone"));
  EXPECT_FALSE(files_.exists(folder_ / "gone").value());
}

TEST_F(FileSystemTest, RefusesMoreThanTheLimit) {
  ASSERT_TRUE(write_file_durably(files_, folder_ / "f", as_bytes("12345")));
  EXPECT_EQ(read_file(files_, folder_ / "f", 4).error().code, ErrorCode::kRefused);
}

TEST_F(FileSystemTest, ReadingPastTheEndIsAnIntegrityError) {
  ASSERT_TRUE(write_file_durably(files_, folder_ / "f", as_bytes("12345")));
  const auto file = files_.open_for_reading(folder_ / "f").value();
  Bytes into(3);
  EXPECT_TRUE(file->read_at(2, into));
  EXPECT_EQ(file->read_at(3, into).error().code, ErrorCode::kIntegrity);
}

// Stands for a file whose sync is told to fail.
class Synced final : public File {
 public:
  explicit Synced(bool fails) : fails_(fails) {}
  Result<void> read_at(std::uint64_t, MutableByteView) const override { return {}; }
  Result<void> write_at(std::uint64_t, ByteView) override { return {}; }
  Result<void> sync() override {
    ++count;
    return fails_ ? Result<void>(Error{ErrorCode::kIo, "a file", "was told to fail", ""})
                  : Result<void>();
  }
  Result<std::uint64_t> size() const override { return std::uint64_t{0}; }
  int descriptor() const override { return -1; }

  int count = 0;

 private:
  bool fails_;
};

TEST_F(FileSystemTest, SyncsAllOfManyOnceAndTellsWhichFailed) {
  for (const std::size_t bad : {std::size_t{0}, std::size_t{13}, std::size_t{40}}) {
    std::vector<std::unique_ptr<Synced>> all;
    std::vector<File*> files;
    for (std::size_t i = 0; i < 40; ++i) {
      all.push_back(std::make_unique<Synced>(i == bad));
      files.push_back(all.back().get());
    }
    EXPECT_EQ(files_.sync_all(files).has_error(), bad < files.size());
    for (const auto& one : all) {
      EXPECT_EQ(one->count, 1);
    }
  }
  EXPECT_TRUE(files_.sync_all({}));
}

// On a file system that can: ext4, xfs, btrfs and tmpfs do.
TEST_F(FileSystemTest, AHoleReadsAsZerosAndGivesItsBlocksBack) {
  const auto path = folder_ / "f";
  const std::string text(40'000, 'x');
  ASSERT_TRUE(write_file_durably(files_, path, as_bytes(text)));
  const std::uint64_t before = files_.allocated_bytes(path).value();
  EXPECT_GE(before, text.size());
  ASSERT_TRUE(files_.punch_hole(path, 8192, 16'384));
  EXPECT_LE(files_.allocated_bytes(path).value() + 16'384, before);
  ASSERT_TRUE(files_.punch_hole(path, 36'864, 1 << 20));  // its size stays
  EXPECT_EQ(as_text(read_file(files_, path, 1 << 20).value()),
            std::string(8192, 'x') + std::string(16'384, '\0') + std::string(12'288, 'x') +
                std::string(40'000 - 36'864, '\0'));
  EXPECT_EQ(files_.punch_hole(folder_ / "gone", 0, 4096).error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(files_.exists(folder_ / "gone").value());
  EXPECT_EQ(files_.allocated_bytes(folder_ / "gone").error().code, ErrorCode::kNotFound);
}

TEST_F(FileSystemTest, WhatIsWrittenOutEarlyReadsBack) {
  const auto file = files_.open_for_writing(folder_ / "f").value();
  const Bytes bytes(std::size_t{1} << 20, 7);
  ASSERT_TRUE(file->write_at(0, bytes));
  file->start_writing(0, bytes.size());
  ASSERT_TRUE(file->finish_writing(0, bytes.size()));
  Bytes back(bytes.size());
  ASSERT_TRUE(file->read_at(0, back));
  EXPECT_EQ(back, bytes);
}

}  // namespace
}  // namespace sluice
