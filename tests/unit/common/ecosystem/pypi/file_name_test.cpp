#include "common/ecosystem/pypi/file_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::pypi {
namespace {

using testing::ElementsAre;

TEST(PypiFileName, ReadsWheels) {
  const auto plain = read_file_name("zope-interface", "Zope.Interface-5.4.0-py2.py3-none-any.whl");
  ASSERT_TRUE(plain) << plain.error().message();
  EXPECT_EQ(plain->kind, FileKind::kWheel);
  EXPECT_EQ(plain->version.text(), "5.4.0");
  EXPECT_EQ(plain->distribution, "Zope.Interface-5.4.0");
  EXPECT_THAT(plain->pythons, ElementsAre("py2", "py3"));
  EXPECT_THAT(plain->platforms, ElementsAre("any"));
  const auto built = read_file_name(
      "numpy", "numpy-1.26.0+mkl-1abc-cp311-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl");
  ASSERT_TRUE(built) << built.error().message();
  EXPECT_EQ(built->version.text(), "1.26.0+mkl");
  EXPECT_THAT(built->abis, ElementsAre("abi3"));
  EXPECT_THAT(built->platforms, ElementsAre("manylinux_2_17_x86_64", "manylinux2014_x86_64"));
}

TEST(PypiFileName, ReadsSourceArchives) {
  for (const char* file : {"my_pkg-1.0.tar.gz", "my-pkg-1.0.tar.gz", "My.Pkg-1.0.zip"}) {
    const auto read = read_file_name("my-pkg", file);
    ASSERT_TRUE(read) << file;
    EXPECT_EQ(read->kind, FileKind::kSourceArchive);
    EXPECT_EQ(read->version.text(), "1.0");
  }
  EXPECT_EQ(read_file_name("my-pkg", "my-pkg-1.0-1.tar.gz")->version.text(), "1.0.post1");
}

TEST(PypiFileName, RefusesWhatIsNoFileOfTheProject) {
  for (const std::string& file :
       {std::string("../a-1.0-py3-none-any.whl"), std::string("a-1.0-py3-none-any.whl/.."),
        std::string("b-1.0-py3-none-any.whl"), std::string("a-1.0-py3-none.whl"),
        std::string("a-x-py3-none-any.whl"), std::string("a-1.0-x1-py3-none-any.whl"),
        std::string("a-1.0-py3.-none-any.whl"), std::string("a-1.0-py3-none-an y.whl"),
        std::string("\u0430-1.0-py3-none-any.whl"), std::string("a-1.0.exe"),
        std::string("a-1.0.tar.bz2"), std::string("b-1.0.tar.gz"), std::string("a.tar.gz"),
        std::string(".a-1.0.tar.gz"), std::string("a-1.0.tar.gz.metadata"), std::string(),
        std::string("a-1.0-py3-none-any.whl\0", 23), std::string("a\\a-1.0.zip"),
        "a-1.0-" + std::string(240, '1') + "-py3-none-any.whl"}) {
    const auto read = read_file_name("a", file);
    ASSERT_FALSE(read) << file;
    EXPECT_EQ(read.error().code, ErrorCode::kInvalid);
    EXPECT_FALSE(read.error().cause.empty());
  }
}

}  // namespace
}  // namespace sluice::pypi
