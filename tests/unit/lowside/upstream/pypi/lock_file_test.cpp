#include "lowside/upstream/pypi/lock_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::low {
namespace {

using testing::HasSubstr;

const std::string kA(64, 'a');
const std::string kB(64, 'b');

// A lock file of one package with one wheel, and whatever `more` says of it.
std::string lock_of(const std::string& more, const std::string& name = "app") {
  return "lock-version = \"1.0\"\ncreated-by = \"a test\"\n[[packages]]\nname = \"" + name +
         "\"\nversion = \"1.0\"\n" + more +
         "\n[[packages.wheels]]\nname = \"app-1.0-py3-none-any.whl\"\nhashes = { sha256 = \"" + kA +
         "\" }\n";
}

TEST(PypiLockFile, BecomesRequirementsWithHashes) {
  const auto want = read_lock_file("pylock.toml", R"(
lock-version = "1.0"
environments = ["sys_platform == 'linux'"]
requires-python = ">=3.9"
created-by = "a test"

[[packages]]
name = "App"
version = "1.0"
requires-python = ">=3.9"
dependencies = [{ name = "part" }]
wheels = [
  { name = "app-1.0-py3-none-any.whl", url = "https://example.org/app.whl", size = 10, hashes = { sha256 = ")" +
                                                      kA + R"(" } },
  { name = "app-1.0-py2-none-any.whl", hashes = { sha256 = ")" +
                                                      kB + R"(", md5 = "x" } },
]

[[packages]]
name = "part"
version = "2.0rc1"
marker = "python_version < '3.12'"
sdist = { name = "part-2.0rc1.tar.gz", hashes = { sha256 = ")" +
                                                      kB + R"(" } }
)");
  ASSERT_TRUE(want) << want.error().message();
  EXPECT_EQ(want->text(), "App==1.0 --hash=sha256:" + kA + " --hash=sha256:" + kB +
                              "\npart==2.0rc1 ; python_version < '3.12' --hash=sha256:" + kB +
                              "\n");
  EXPECT_EQ(want->requirements[0].project, "app");
}

TEST(PypiLockFile, WhatExtrasAndGroupsNeedComesAlong) {
  for (const char* marker :
       {"'gpu' in extras", "'test' in dependency_groups or python_version<'3'"}) {
    const auto want =
        read_lock_file("pylock.toml", lock_of("marker = \"" + std::string(marker) + "\""));
    ASSERT_TRUE(want) << want.error().message();
    EXPECT_EQ(want->text(), "app==1.0 --hash=sha256:" + kA + "\n");
  }
}

TEST(PypiLockFile, NamesWhatAnIndexCannotAnswer) {
  for (const auto& [text, cause] : std::vector<std::pair<std::string, std::string>>{
           {lock_of("vcs = { type = \"git\" }"), "app: it comes from vcs"},
           {lock_of("directory = { path = \".\" }"), "app: it comes from directory"},
           {lock_of("archive = { path = \"a.zip\" }"), "app: it comes from archive"},
           {"lock-version = \"2.0\"\n", "its lock-version is \"2.0\""},
           {"lock-version = \"1.0\"\n", "it has no [[packages]]"},
           {"lock-version = \"1.0\"\npackages = [1]\n", "has no name"},
           {"lock-version = \"1.0\"\n[[packages]]\nname = \"x\"\nversion = \"1\"\n",
            "x: it has no file with a SHA-256"},
           {lock_of("", "../x"), "../x"},
           {lock_of("", "x --index-url=https"), "x --index-url"},
           {lock_of("", "x\\n--index-url=y\\nx"), "pylock.toml"},
           {lock_of("marker = \"\"\"a\n--index-url=y\"\"\""), "app"},
           {"a = [", "line 1 is not TOML"}}) {
    const auto want = read_lock_file("pylock.toml", text);
    ASSERT_FALSE(want) << text;
    EXPECT_EQ(want.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(want.error().message(), HasSubstr(cause));
    EXPECT_FALSE(want.error().cure.empty()) << text;
  }
}

TEST(PypiLockFile, IsToldByItsName) {
  EXPECT_TRUE(is_lock_file_name("/srv/pylock.toml"));
  EXPECT_TRUE(is_lock_file_name("pylock.dev.toml"));
  EXPECT_FALSE(is_lock_file_name("requirements.txt"));
  EXPECT_FALSE(is_lock_file_name("pylock.txt"));
}

}  // namespace
}  // namespace sluice::low
