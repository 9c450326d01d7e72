#include "common/ecosystem/conda/names.h"

#include <gtest/gtest.h>

namespace sluice::conda {
namespace {

TEST(CondaNames, ChannelsAreFewSafeParts) {
  for (const std::string good : {"conda-forge", "pkgs/main", "a/b/c/d", "3rd_party.x"}) {
    EXPECT_TRUE(check_channel(good)) << good;
  }
  EXPECT_TRUE(check_channel(std::string(128, 'c')));
  for (const std::string& bad :
       {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"), std::string(".."),
        std::string("a/../b"), std::string(".hidden"), std::string("-a"), std::string("a b"),
        std::string("a/b/c/d/e"), std::string("a\\b"), std::string("a\nb"), std::string("ü"),
        std::string("a\0b", 3), std::string(129, 'c')}) {
    EXPECT_EQ(check_channel(bad).error().code, ErrorCode::kInvalid) << bad;
  }
}

TEST(CondaNames, SubdirsAreNoarchOrAPlatform) {
  for (const std::string good : {"noarch", "linux-64", "linux-ppc64le", "osx-arm64", "win-32"}) {
    EXPECT_TRUE(check_subdir(good)) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string("linux"), std::string("linux-"), std::string("-64"),
        std::string("Linux-64"), std::string("linux-64-x"), std::string("linux 64"),
        std::string(".."), "linux-" + std::string(27, '6')}) {
    EXPECT_EQ(check_subdir(bad).error().code, ErrorCode::kInvalid) << bad;
  }
}

TEST(CondaNames, DocumentsAreCutAtTheLastSlash) {
  const Document document = parse_document("pkgs/main/linux-64").value();
  EXPECT_EQ(document.channel, "pkgs/main");
  EXPECT_EQ(document.subdir, "linux-64");
  for (const std::string bad : {"", "noarch", "/noarch", "a/", "a/src", "../noarch"}) {
    EXPECT_EQ(parse_document(bad).error().code, ErrorCode::kInvalid) << bad;
  }
}

TEST(CondaNames, FileNamesHaveThreePartsAndAnEnding) {
  const FileName file = parse_file_name("typing-extensions-4.9.0-pyha770c72_0.conda").value();
  EXPECT_EQ(file.name, "typing-extensions");
  EXPECT_EQ(file.version, "4.9.0");
  EXPECT_EQ(file.build, "pyha770c72_0");
  const FileName older = parse_file_name("_x.y-1!2.0+cu12.1-h1_0.tar.bz2").value();
  EXPECT_EQ(older.name, "_x.y");
  EXPECT_EQ(older.version, "1!2.0+cu12.1");
  EXPECT_TRUE(parse_file_name("n-1-" + std::string(245, 'b') + ".conda"));
  for (const std::string& bad : {std::string(),
                                 std::string(".conda"),
                                 std::string("a-1.conda"),
                                 std::string("-1-0.conda"),
                                 std::string("a--0.conda"),
                                 std::string("a-1-.conda"),
                                 std::string("a-1-0.zip"),
                                 std::string("a-1-0.conda.sig"),
                                 std::string("../a-1-0.conda"),
                                 std::string("a/b-1-0.conda"),
                                 std::string("A-1-0.conda"),
                                 std::string("\xd0\xb0-1-0.conda"),
                                 std::string("a-1 -0.conda"),
                                 std::string("a-1-0\n.conda"),
                                 std::string("a-1%2f-0.conda"),
                                 std::string("a-1\"-0.conda"),
                                 std::string(".a-1-0.conda"),
                                 std::string("a-..-0.conda"),
                                 std::string("a-1-.0.tar.bz2"),
                                 "n-1-" + std::string(246, 'b') + ".conda"}) {
    EXPECT_EQ(parse_file_name(bad).error().code, ErrorCode::kInvalid) << bad;
  }
}

TEST(CondaNames, ErrorsHoldNothingThatATerminalObeys) {
  EXPECT_EQ(parse_file_name("a\x1b[2J").error().thing, "file of the bytes 611b5b324a");
}

}  // namespace
}  // namespace sluice::conda
