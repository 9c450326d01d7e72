#include "common/base/file_system.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace sluice {
namespace {

class FileSystemTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/sluice-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
  FileSystem& files_ = posix_file_system();
};

TEST_F(FileSystemTest, ReplacesAFileWhole) {
  const auto path = folder_ / "f";
  ASSERT_TRUE(write_file_durably(files_, path, as_bytes("a longer first text")));
  ASSERT_TRUE(write_file_durably(files_, path, as_bytes("short")));
  EXPECT_EQ(as_text(read_file(files_, path, 100).value()), "short");
  int count = 0;
  ASSERT_TRUE(files_.list_files(folder_, [&](const std::string&) { ++count; }));
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

}  // namespace
}  // namespace sluice
