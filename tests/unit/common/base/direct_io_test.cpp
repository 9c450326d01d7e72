#include "common/base/direct_io.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "tests/support/temporary_folder.h"

namespace sluice {
namespace {

class DirectIoTest : public testing::Test {
 protected:
  void SetUp() override {
    file_ = files_.open_for_writing(folder_ / "f").value();
    for (std::size_t i = 0; i < buffer_.size(); ++i) {
      buffer_.view()[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
    }
  }

  bool direct() const { return (::fcntl(file_->descriptor(), F_GETFL) & O_DIRECT) != 0; }

  // Pages of the file that the page cache holds.
  std::size_t cached_pages() const {
    const std::size_t size = file_->size().value();
    void* const memory = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file_->descriptor(), 0);
    EXPECT_NE(memory, MAP_FAILED);
    std::vector<unsigned char> resident((size + kPageBytes - 1) / kPageBytes);
    EXPECT_EQ(::mincore(memory, size, resident.data()), 0);
    ::munmap(memory, size);
    return static_cast<std::size_t>(
        std::ranges::count_if(resident, [](unsigned char page) { return (page & 1) != 0; }));
  }

  FileSystem& files_ = posix_file_system();
  test::TemporaryFolder folder_;
  std::unique_ptr<File> file_;
  PageBuffer buffer_{16 * kPageBytes};
};

TEST_F(DirectIoTest, PassesByThePageCache) {
  write_directly(*file_);
  if (!direct()) {
    GTEST_SKIP() << folder_.path() << " has no such way";
  }
  ASSERT_TRUE(file_->write_at(0, buffer_.view()));
  ASSERT_TRUE(direct());
  EXPECT_EQ(cached_pages(), 0);
  EXPECT_TRUE(
      std::ranges::equal(read_file(files_, folder_ / "f", buffer_.size()).value(), buffer_.view()));
}

// A disk of 4 KiB sectors refuses what others take, and so does any of these.
TEST_F(DirectIoTest, WritesAnywayWhatTheDiskRefuses) {
  write_directly(*file_);
  ASSERT_TRUE(file_->write_at(0, buffer_.view().first(kPageBytes)));
  ASSERT_TRUE(file_->write_at(kPageBytes, buffer_.view().subspan(kPageBytes, 1000)));
  ASSERT_TRUE(file_->write_at(kPageBytes + 1000, buffer_.view().subspan(kPageBytes + 1000)));
  EXPECT_TRUE(
      std::ranges::equal(read_file(files_, folder_ / "f", buffer_.size()).value(), buffer_.view()));
}

TEST(PageBufferTest, BeginsAtAPage) {
  PageBuffer first(1);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first.view().data()) % kPageBytes, 0);
  EXPECT_EQ(first.size(), 1);
  EXPECT_TRUE(PageBuffer().view().empty());
}

}  // namespace
}  // namespace sluice
