#include "common/ecosystem/purl/package_url.h"

#include <gtest/gtest.h>

namespace sluice::purl {
namespace {

TEST(PackageUrl, NamesPackagesOfEveryEcosystem) {
  EXPECT_EQ(package_url({"npm", "@types/semver", "7.5.8"}), "pkg:npm/%40types/semver@7.5.8");
  EXPECT_EQ(package_url({"npm", "semver", "1.0.0+b"}), "pkg:npm/semver@1.0.0%2Bb");
  EXPECT_EQ(package_url({"pypi", "zope-interface", "1!2.0+cpu"}),
            "pkg:pypi/zope-interface@1%212.0%2Bcpu");
  EXPECT_EQ(package_url({"pypi", "requests", ""}), "pkg:pypi/requests");
  EXPECT_EQ(package_url({"huggingface", "datasets/org/name", "refs/pr/1"}),
            "pkg:huggingface/datasets/org/name@refs%2Fpr%2F1");
}

TEST(PackageUrl, ReadsWhatItWrote) {
  for (const Package& package :
       {Package{"npm", "@types/semver", "7.5.8"}, Package{"deb", "debian/g++", "4:12.2~x"},
        Package{"generic", "models/a b@c%/d\n", ""}}) {
    const auto read = read_package_url(package_url(package));
    ASSERT_TRUE(read) << package.name;
    EXPECT_EQ(read->type, package.type);
    EXPECT_EQ(read->name, package.name);
    EXPECT_EQ(read->version, package.version);
  }
}

TEST(PackageUrl, RefusesWhatIsNone) {
  for (const char* text : {"", "npm/semver", "pkg:npm", "pkg:npm/", "pkg:npm/%4", "pkg:npm/%zz",
                           "pkg:n@pm/semver", "pkg:npm/semver@%"}) {
    EXPECT_FALSE(read_package_url(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::purl
