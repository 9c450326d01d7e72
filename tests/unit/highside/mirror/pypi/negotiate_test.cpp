#include "highside/mirror/pypi/negotiate.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::high {
namespace {

constexpr std::string_view kJson = "application/vnd.pypi.simple.v1+json";
constexpr std::string_view kVersionHtml = "application/vnd.pypi.simple.v1+html";

TEST(Negotiate, GivesWhatRealClientsAskFor) {
  EXPECT_EQ(negotiate("application/vnd.pypi.simple.v1+json, "
                      "application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"),
            PageForm::kJson);  // pip
  EXPECT_EQ(negotiate("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            PageForm::kHtml);                          // a browser
  EXPECT_EQ(negotiate(""), PageForm::kHtml);           // nothing said
  EXPECT_EQ(negotiate("*/*"), PageForm::kHtml);        // curl
  EXPECT_EQ(negotiate("text/html"), PageForm::kHtml);  // an old pip
}

TEST(Negotiate, KeepsToTheWeights) {
  const std::string json(kJson);
  const std::string html(kVersionHtml);
  EXPECT_EQ(negotiate(json + ";q=0.5, text/html;q=0.6"), PageForm::kHtml);
  EXPECT_EQ(negotiate(json + ";q=0.5, " + html + ";Q=0.501"), PageForm::kVersionHtml);
  EXPECT_EQ(negotiate(json + ", */*"), PageForm::kHtml);  // both are liked equally
  EXPECT_EQ(negotiate("*/*;q=0.1, " + json + ";q=0"), PageForm::kHtml);
  EXPECT_EQ(negotiate("*/*;q=0.1, text/html;q=0, text/*"), PageForm::kVersionHtml);
  EXPECT_EQ(negotiate("application/*"), PageForm::kVersionHtml);
  EXPECT_EQ(negotiate("Application/Vnd.PyPI.Simple.Latest+JSON"), PageForm::kJson);
}

TEST(Negotiate, RefusesWhoTakesNoneOfThem) {
  EXPECT_FALSE(negotiate("application/json"));
  EXPECT_FALSE(negotiate("text/html;q=0"));
  EXPECT_FALSE(negotiate(std::string(kJson) + ";q=nonsense"));
  EXPECT_FALSE(negotiate(";;,,;q=1,/*"));
}

TEST(Negotiate, LooksAtABoundedNumberOfWishes) {
  std::string accept;
  for (int i = 0; i < 40; ++i) {
    accept += "image/png,";
  }
  EXPECT_FALSE(negotiate(accept + std::string(kJson)));
}

}  // namespace
}  // namespace sluice::high
