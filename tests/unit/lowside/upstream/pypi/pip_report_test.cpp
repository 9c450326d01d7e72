#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lowside/upstream/pypi/resolver.h"

namespace sluice::low {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = PipFailure::Kind;

std::string item(const std::string& name, const std::string& url,
                 const std::string& direct = "false") {
  return R"({"download_info":{"url":")" + url + R"("},"is_direct":)" + direct +
         R"(,"metadata":{"name":")" + name + R"(","version":"1.0"}})";
}
std::string report(const std::string& items, const std::string& version = "1") {
  return R"({"version":")" + version + R"(","pip_version":"23.0.1","install":[)" + items + "]}";
}

TEST(PipReport, GivesProjectsAndFiles) {
  const auto files = read_pip_report(report(
      item("Zope.Interface", "https://f.example/a/b/zope.interface-5.4.0%2Bx-py3-none-any.whl") +
      "," + item("b", "file:///w/b-1.0-py3-none-any.whl")));
  ASSERT_TRUE(files) << files.error().message();
  EXPECT_THAT(*files,
              ElementsAre(ResolvedFile{"zope-interface", "zope.interface-5.4.0+x-py3-none-any.whl"},
                          ResolvedFile{"b", "b-1.0-py3-none-any.whl"}));
  EXPECT_TRUE(read_pip_report(report(""))->empty());
}

TEST(PipReport, RefusesWhatItDoesNotKnow) {
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("{}"), report("", "2"),
        report(item("a", "https://f.example/a.whl", "true")),
        report(item("../a", "https://f.example/a")), report(item("a", "not an address")),
        report(item("a", "https://f.example")), report("1")}) {
    const auto files = read_pip_report(text);
    ASSERT_FALSE(files) << text;
    EXPECT_EQ(files.error().code, ErrorCode::kInvalid);
  }
}

TEST(PipFailure, TellsWhichRequirementHasNoCandidate) {
  const auto plain = read_pip_failure("",
                                      "ERROR: Could not find a version that satisfies the "
                                      "requirement nope>=3 (from versions: none)\n"
                                      "ERROR: No matching distribution found for nope>=3\n");
  EXPECT_EQ(plain.kind, Kind::kNoCandidate);
  EXPECT_EQ(plain.requirement, "nope>=3");
  EXPECT_EQ(plain.needed_by, "");
  const auto needed = read_pip_failure(
      "",
      "ERROR: Could not find a version that satisfies the requirement eee>=7 (from hhh) (from "
      "versions: 1.0, 2.0)\nERROR: No matching distribution found for eee>=7\n");
  EXPECT_EQ(needed.requirement, "eee>=7");
  EXPECT_EQ(needed.needed_by, "hhh");
}

TEST(PipFailure, GivesTheCauseOfAConflict) {
  const auto failure = read_pip_failure(
      "Collecting x\n\nThe conflict is caused by:\n    left 1.0 depends on base==1.0\n    right "
      "1.0 "
      "depends on base==2.0\n\nTo fix this you could try to:\n",
      "ERROR: Cannot install left and right because these package versions have conflicting "
      "dependencies.\nERROR: ResolutionImpossible: for help visit\n");
  EXPECT_EQ(failure.kind, Kind::kConflict);
  EXPECT_EQ(
      failure.text,
      "The conflict is caused by: left 1.0 depends on base==1.0 right 1.0 depends on base==2.0");
}

TEST(PipFailure, KnowsHashesAndGivesWhatItDoesNotKnow) {
  EXPECT_EQ(read_pip_failure("",
                             "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS "
                             "FILE.\n    a==1.0\n        Expected sha256 x\n")
                .kind,
            Kind::kHashes);
  const auto other = read_pip_failure("", "WARNING: a\nERROR: first\nERROR: second\n");
  EXPECT_EQ(other.kind, Kind::kOther);
  EXPECT_EQ(other.text, "first. second");
  EXPECT_EQ(read_pip_failure("", "Traceback\n").text, "Traceback");
  EXPECT_EQ(read_pip_failure("", "").text, "");
  EXPECT_LE(read_pip_failure("", "ERROR: " + std::string(9000, 'x')).text.size(), 600U);
}

}  // namespace
}  // namespace sluice::low
