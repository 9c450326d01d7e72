#include "lowside/upstream/pypi/specifier.h"

#include <gtest/gtest.h>

namespace sluice::low {
namespace {

bool allows(std::string_view specifiers, std::string_view version) {
  const auto set = SpecifierSet::parse(specifiers);
  EXPECT_TRUE(set) << specifiers;
  return set && set->allows(*pypi::Version::parse(version));
}

TEST(Specifier, FollowsTheSpecification) {
  for (const auto& [specifiers, version] :
       std::vector<std::pair<std::string, std::string>>{{"", "1.0"},
                                                        {">=1.0,<2", "1.9"},
                                                        {"==1.0", "1.0.0"},
                                                        {"==1.0", "1.0+cpu"},
                                                        {"==1.0+cpu", "1.0+cpu"},
                                                        {"==1.*", "1.9.3"},
                                                        {"==1.*", "1.0a1"},
                                                        {"!=1.*", "2.0"},
                                                        {"~=1.4", "1.9"},
                                                        {"~=1.4.2", "1.4.9"},
                                                        {"<2", "1.9.post1"},
                                                        {">1", "1.1"},
                                                        {"<=1.0", "1.0+cpu"},
                                                        {"===1.0", "1.0"},
                                                        {" >= 1 , != 1.5 ,", "1.6"},
                                                        {">1.0.post1", "1.0.post2"},
                                                        {"<2.0rc1", "2.0b1"}}) {
    EXPECT_TRUE(allows(specifiers, version)) << specifiers << " and " << version;
  }
  for (const auto& [specifiers, version] :
       std::vector<std::pair<std::string, std::string>>{{">=1.0,<2", "2.0"},
                                                        {"==1.0", "1.0.1"},
                                                        {"==1.0+cpu", "1.0"},
                                                        {"==1.*", "2.0"},
                                                        {"!=1.*", "1.5"},
                                                        {"~=1.4", "2.0"},
                                                        {"~=1.4.2", "1.5"},
                                                        {"<2", "2.0rc1"},
                                                        {">1", "1.0.post1"},
                                                        {">1", "1.0"},
                                                        {">1.0", "1.0+cpu"},
                                                        {"==1.*", "1!1.0"}}) {
    EXPECT_FALSE(allows(specifiers, version)) << specifiers << " and " << version;
  }
}

TEST(Specifier, RefusesWhatIsNone) {
  for (const char* text : {"1.0", "=1.0", ">=x", "~=1", ">=1.*", "==", "==1.*.2", "@ file"}) {
    EXPECT_FALSE(SpecifierSet::parse(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::low
