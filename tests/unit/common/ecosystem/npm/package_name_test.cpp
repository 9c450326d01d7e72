#include "common/ecosystem/npm/package_name.h"

#include <gtest/gtest.h>

namespace sluice::npm {
namespace {

TEST(PackageName, AcceptsWhatTheRegistryHolds) {
  for (const char* name :
       {"semver", "@types/semver", "lodash.merge", "JSONStream", "a", "jquery-ui", "@babel/core"}) {
    EXPECT_TRUE(check_package_name(name)) << name;
  }
  EXPECT_TRUE(check_package_name(std::string(214, 'a')));
}

TEST(PackageName, RefusesWhatCannotBeAName) {
  for (const std::string& name :
       {std::string(), std::string("../etc"), std::string(".hidden"), std::string("a/b"),
        std::string("@scope"), std::string("@/x"), std::string("@scope/"), std::string("@a/b/c"),
        std::string("a b"), std::string("a%2fb"), std::string("node_modules"), std::string("-"),
        std::string("_x"), std::string("@a/.."), std::string("a\0b", 3), std::string("ü"),
        std::string(215, 'a')}) {
    const auto checked = check_package_name(name);
    ASSERT_FALSE(checked) << name;
    EXPECT_EQ(checked.error().code, ErrorCode::kInvalid);
    EXPECT_FALSE(checked.error().cause.empty());
  }
}

TEST(PackageName, MakesPathsAndFiles) {
  EXPECT_EQ(tarball_file_name("@types/semver", "7.5.8"), "semver-7.5.8.tgz");
  EXPECT_EQ(tarball_file_name("left-pad", "1.3.0"), "left-pad-1.3.0.tgz");
  EXPECT_EQ(url_segment("@types/semver"), "@types%2fsemver");
  EXPECT_EQ(url_segment("semver"), "semver");
}

}  // namespace
}  // namespace sluice::npm
