#include "lowside/upstream/npm/want.h"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/support/temporary_folder.h"

namespace sluice::low {
namespace {

using testing::HasSubstr;

TEST(Want, SplitsSpecs) {
  const auto spec = [](std::string_view text) { return want_of_spec(text).value().package_json; };
  EXPECT_THAT(spec("express@^4"), HasSubstr(R"("express":"^4")"));
  EXPECT_THAT(spec(" @types/node@20 "), HasSubstr(R"("@types/node":"20")"));
  EXPECT_THAT(spec("left-pad"), HasSubstr(R"("left-pad":"latest")"));
  EXPECT_THAT(spec("@types/node@"), HasSubstr(R"("@types/node":"latest")"));
  EXPECT_THAT(spec("old@npm:semver@^5"), HasSubstr(R"("old":"npm:semver@^5")"));
  EXPECT_THAT(spec("a@>=1 <3 || 5.x"), HasSubstr(">=1 <3 || 5.x"));
}

TEST(Want, RefusesWhatARegistryCannotAnswer) {
  for (const char* spec : {"", "@", "a b", "x@git+https://host/x", "x@user/repo", "x@file:../x",
                           "x@./x", "x@workspace:*", "../x", "https://host/x.tgz"}) {
    const auto want = want_of_spec(spec);
    ASSERT_FALSE(want) << spec;
    EXPECT_EQ(want.error().code, ErrorCode::kInvalid);
    EXPECT_FALSE(want.error().cure.empty()) << spec;
  }
}

class WantFileTest : public testing::Test {
 protected:
  Result<NpmWant> read(const std::string& text) {
    std::ofstream(folder / "file.json") << text;
    return want_of_file(posix_file_system(), folder / "file.json");
  }
  test::TemporaryFolder folder;
};

TEST_F(WantFileTest, TakesOverNothingButDependencies) {
  const auto want = read(R"({"name":"mine","scripts":{"install":"rm"},"dependencies":{"a":"1"},
                             "overrides":{"b":"2"},"config":{"x":1}})");
  ASSERT_TRUE(want);
  EXPECT_THAT(want->package_json, HasSubstr(R"("dependencies":{"a":"1"})"));
  EXPECT_THAT(want->package_json, HasSubstr(R"("overrides":{"b":"2"})"));
  EXPECT_THAT(want->package_json, testing::Not(HasSubstr("rm")));
  EXPECT_THAT(want->package_json, testing::Not(HasSubstr("mine")));
}

TEST_F(WantFileTest, KnowsALockFileByItsContent) {
  for (const char* text : {R"({"lockfileVersion":3,"packages":{}})", "lockfileVersion: '9.0'\n",
                           "dependencies:\n  a: 1\n\nlockfileVersion: 5.4\n",
                           "# yarn lockfile v1\r\n", "# made\n\n__metadata:\n  version: 8\n"}) {
    EXPECT_EQ(read(text).value().lock, text);
  }
}

TEST_F(WantFileTest, NamesWhatItCannotUse) {
  for (const char* text :
       {"", "[]", "version: 1", R"({"workspaces":["a"]})", R"({"dependencies":[]})",
        R"({"dependencies":{"a":1}})", R"({"devDependencies":{"a":"link:../a"}})"}) {
    const auto want = read(text);
    ASSERT_FALSE(want) << text;
    EXPECT_THAT(want.error().message(), HasSubstr("file.json")) << text;
    EXPECT_FALSE(want.error().cure.empty()) << text;
  }
  EXPECT_EQ(want_of_file(posix_file_system(), folder / "none").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace sluice::low
