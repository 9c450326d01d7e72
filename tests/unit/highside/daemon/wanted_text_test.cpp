#include "highside/daemon/wanted_text.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "highside/daemon/wanted_json.h"

namespace sluice::high {
namespace {

std::string json_of(const std::vector<std::string>& packages) {
  std::vector<Wanted> wanted;
  for (const std::string& package : packages) {
    wanted.push_back({.package = package,
                      .times = 12,
                      .first = UtcTime(std::chrono::days(20'000)),
                      .last = UtcTime(std::chrono::days(20'001)),
                      .clients = {"npm/9.2.0", "curl/8"},
                      .target = "/"});
  }
  return boost::json::serialize(wanted_json(wanted));
}

TEST(WantedText, IsATableForPeople) {
  EXPECT_EQ(wanted_text(json_of({"pkg:npm/%40types/node@20.1.0"})).value(),
            "  times  last        package  asked for by\n"
            "     12  2024-10-05  pkg:npm/%40types/node@20.1.0  npm/9.2.0, curl/8\n");
  EXPECT_EQ(wanted_text("[]").value(), "nothing is wanted that is not here\n");
  EXPECT_FALSE(wanted_text("{}"));
  EXPECT_FALSE(wanted_text("[{}]"));
}

TEST(WantedText, ListsAreInTheWordsOfTheirEcosystem) {
  const std::string json =
      json_of({"pkg:npm/%40types/node@20.1.0", "pkg:npm/left-pad", "pkg:pypi/requests@2.31.0",
               "pkg:pypi/six", "pkg:huggingface/datasets/org/name@main", "pkg:deb/debian/jq@1.6",
               "pkg:generic/models/a.bin", "pkg:oci/docker.io/library/nginx@1.25",
               "pkg:oci/docker.io/library/nginx@sha256%3Aab", "pkg:oci/quay.example/a"});
  EXPECT_EQ(want_list(json, "npm").value(), "@types/node@20.1.0\nleft-pad\n");
  EXPECT_EQ(want_list(json, "pypi").value(), "requests==2.31.0\nsix\n");
  EXPECT_EQ(want_list(json, "huggingface").value(), "datasets/org/name@main\n");
  EXPECT_EQ(want_list(json, "deb").value(), "jq=1.6\n");
  EXPECT_EQ(want_list(json, "generic").value(), "models/a.bin\n");
  EXPECT_EQ(want_list(json, "oci").value(),
            "docker.io/library/nginx:1.25\ndocker.io/library/nginx@sha256:ab\nquay.example/a\n");
  EXPECT_EQ(want_list("[]", "npm").value(), "");
}

TEST(WantedText, ANameNeverMakesALineOfItsOwn) {
  EXPECT_EQ(want_list(json_of({"pkg:generic/a%0Ab", "pkg:npm/x@1%0D%0Ay"}), "generic").value(), "");
  EXPECT_EQ(want_list(json_of({"pkg:npm/x@1%0D%0Ay", "pkg:npm/z"}), "npm").value(), "z\n");
}

TEST(WantedText, AnotherTypeIsRefusedByName) {
  const auto list = want_list("[]", "cargo");
  ASSERT_FALSE(list);
  EXPECT_NE(list.error().message().find("cargo"), std::string::npos);
}

}  // namespace
}  // namespace sluice::high
