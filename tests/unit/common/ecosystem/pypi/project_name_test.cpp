#include "common/ecosystem/pypi/project_name.h"

#include <gtest/gtest.h>

namespace sluice::pypi {
namespace {

TEST(ProjectName, IsNormalisedAsTheSpecificationSays) {
  EXPECT_EQ(normalise("Zope.Interface"), "zope-interface");
  EXPECT_EQ(normalise("a-_.-b"), "a-b");
  EXPECT_TRUE(is_normalised("zope-interface"));
  for (const char* name : {"Zope", "a_b", "a--b", "-a", ""}) {
    EXPECT_FALSE(is_normalised(name)) << name;
  }
}

TEST(ProjectName, RefusesPathsAndLookAlikes) {
  for (const char* name : {"a", "A1", "zope.interface", "ruamel_yaml", "2to3"}) {
    EXPECT_TRUE(check_project_name(name)) << name;
  }
  EXPECT_TRUE(check_project_name(std::string(128, 'a')));
  for (const std::string& name :
       {std::string(), std::string(".."), std::string("../etc"), std::string("a/b"),
        std::string("a b"), std::string("-a"), std::string("a."), std::string("a%2fb"),
        std::string("a\0b", 3), std::string("n\u0443mpy"), std::string("\uff4eumpy"),
        std::string("a[extra]"), std::string(129, 'a')}) {
    const auto checked = check_project_name(name);
    ASSERT_FALSE(checked) << name;
    EXPECT_EQ(checked.error().code, ErrorCode::kInvalid);
    EXPECT_FALSE(checked.error().cause.empty());
  }
}

}  // namespace
}  // namespace sluice::pypi
