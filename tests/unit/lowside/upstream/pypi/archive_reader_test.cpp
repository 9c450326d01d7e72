#include "common/ecosystem/pypi/archive_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "common/ecosystem/pypi/core_metadata.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/lowside/upstream/pypi/zip.h"

namespace sluice::low::test {
namespace {

using pypi::FileKind;
using testing::HasSubstr;

class ArchiveReader : public testing::Test {
 protected:
  Result<std::string> read(const std::string& bytes, FileKind kind = FileKind::kWheel) {
    std::filesystem::remove(folder / "file");  // to truncate it would wait for the disk
    std::ofstream(folder / "file", std::ios::binary) << bytes;
    return read_archived_metadata("file", folder / "file", kind);
  }
  void expect_refused(const std::string& bytes, const std::string& cause,
                      FileKind kind = FileKind::kWheel) {
    const auto text = read(bytes, kind);
    ASSERT_FALSE(text) << cause;
    EXPECT_EQ(text.error().code, ErrorCode::kIntegrity);
    EXPECT_THAT(text.error().message(), HasSubstr(cause));
    EXPECT_FALSE(text.error().cure.empty());
  }

  sluice::test::TemporaryFolder folder;
};

TEST_F(ArchiveReader, GivesTheMetadataByteForByte) {
  EXPECT_EQ(read(wheel("a", "1.0", "Summary: \xff\r\n")).value(),
            core_metadata("a", "1.0", "Summary: \xff\r\n"));
  EXPECT_EQ(read(source_archive("a", "1.0"), FileKind::kSourceArchive).value(),
            core_metadata("a", "1.0"));
  EXPECT_EQ(read(pack({{"a-1.0/PKG-INFO", "zipped"}}), FileKind::kSourceArchive).value(), "zipped");
}

TEST_F(ArchiveReader, RefusesWhatPointsOutOfItself) {
  const Member metadata{"a-1.0.dist-info/METADATA", "x"};
  for (const char* path : {"../evil", "a/../../evil", "/etc/passwd", "a\\..\\evil", ".."}) {
    expect_refused(pack({metadata, {path, "x"}}), "outside of its folder");
  }
  expect_refused(pack({metadata, {"a/link", "", "/etc/passwd"}}), "it holds a link: a/link");
}

TEST_F(ArchiveReader, RefusesWhatIsNoWheel) {
  expect_refused("", "");
  expect_refused("<html>an error page</html>", "does not unpack");
  expect_refused(pack({{"a.py", "x"}}), "no .dist-info/METADATA");
  expect_refused(pack({{"x/a-1.0.dist-info/METADATA", "x"}}), "no .dist-info/METADATA");
  expect_refused(pack({{"a-1.0.dist-info/METADATA", "x"}, {"b-1.0.dist-info/METADATA", "x"}}),
                 "twice");
  expect_refused(source_archive("a", "1.0"), "does not unpack");
  expect_refused(pack({{"a/b/PKG-INFO", "x"}}, true), "no PKG-INFO", FileKind::kSourceArchive);
}

TEST_F(ArchiveReader, RefusesAnEndlessMetadata) {
  expect_refused(
      pack({{"a-1.0.dist-info/METADATA", std::string(pypi::kMaxCoreMetadataBytes + 1, 'x')}}),
      "has more than 8.0 MiB");
}

TEST_F(ArchiveReader, ReadsOrRefusesEveryPieceOfAWheel) {
  const std::string whole = wheel("a", "1.0");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto text = read(whole.substr(0, size));
    EXPECT_TRUE(!text || *text == core_metadata("a", "1.0")) << size;
  }
}

}  // namespace
}  // namespace sluice::low::test
