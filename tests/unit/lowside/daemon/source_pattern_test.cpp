// Patterns of sources, as the configuration gives them.
#include <gmock/gmock.h>

#include "common/config/load.h"
#include "lowside/daemon/options.h"
#include "lowside/daemon/settings_table.h"
#include "tests/support/manual_clock.h"

namespace sluice::low {
namespace {

using testing::HasSubstr;

constexpr std::string_view kRest = R"(
[keys]
signing = "/signing.key"
receivers = ["/opening.pub"]
[link]
destination = ["127.0.0.1:1"]
)";

class SourcePatternTest : public testing::Test {
 protected:
  Result<std::vector<ConfiguredSource>> sources(const std::string& section) {
    const auto checked = config::check_text(
        settings_table(), "[daemon]\nstream = \"lab\"\n" + std::string(kRest) + section, "low.toml",
        "/etc/sluice");
    for (const config::Problem& problem : checked.problems) {
      ADD_FAILURE() << config::to_string(problem);
    }
    return make_sources(checked.settings, counters_, clock_);
  }
  std::string refusal(const std::string& section) {
    const auto made = sources(section);
    EXPECT_FALSE(made) << section;
    return made ? "" : made.error().message();
  }

  observe::Counters counters_;
  test::ManualClock clock_;
};

constexpr const char* kPypi = "[[pypi]]\nindex = \"http://127.0.0.1/simple/\"\n";
constexpr const char* kNpm = "[[npm]]\nregistry = \"http://127.0.0.1/\"\n";
constexpr const char* kHub = "[[huggingface]]\nhub = \"http://127.0.0.1/\"\n";
constexpr const char* kFiles = "[[files]]\n";
constexpr const char* kApt = "[[apt]]\nsigning_home = \"/key\"\npackages = [\"hello\"]\n";

TEST_F(SourcePatternTest, FollowIsTheDefault) {
  const auto made = sources(std::string(kPypi) + "want = [\"app\"]\n").value();
  EXPECT_FALSE(made[0].pattern.by_request);
  EXPECT_EQ(made[0].pattern.window.count(), 0);
}

TEST_F(SourcePatternTest, ARequestSourceMayWantNothingAtFirst) {
  for (const char* section : {kPypi, kNpm, kHub, kFiles}) {
    const auto made = sources(std::string(section) + "pattern = \"request\"\n");
    ASSERT_TRUE(made) << section << made.error().message();
    ASSERT_TRUE((*made)[0].pattern.by_request) << section;
    EXPECT_FALSE((*made)[0].pattern.by_request->standing);
    const auto upstream = (*made)[0].pattern.by_request->upstream_for({"something"}, {});
    ASSERT_TRUE(upstream) << section;
    EXPECT_EQ((*upstream)->name(), (*made)[0].name);
  }
  const auto standing =
      sources(std::string(kPypi) + "pattern = \"request\"\nwant = [\"app\"]\n").value();
  EXPECT_TRUE(standing[0].pattern.by_request->standing);
  EXPECT_THAT(refusal(kHub), HasSubstr("no repository is named"));
}

TEST_F(SourcePatternTest, AnAptSubsetIsAskedForInItsOwnList) {
  const auto made = sources(std::string(kApt) + "pattern = \"request\"\n").value();
  EXPECT_TRUE(made[0].pattern.by_request->standing);
  const auto refused = made[0].pattern.by_request->upstream_for({"hello"}, {});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().cure, HasSubstr("packages"));
  EXPECT_THAT(refusal(std::string(kApt) + "mode = \"full\"\npattern = \"request\"\n"),
              HasSubstr("subset"));
}

TEST_F(SourcePatternTest, AWindowIsForWhatSaysWhenItWasPublished) {
  for (const std::string& section :
       {std::string(kPypi), std::string(kNpm), std::string(kHub) + "want = [\"a/b\"]\n"}) {
    const auto made = sources(section + "pattern = \"window\"\nwindow = \"30d\"\n");
    ASSERT_TRUE(made) << section << made.error().message();
    EXPECT_EQ((*made)[0].pattern.window, std::chrono::days(30));
  }
  for (const char* section : {kApt, kFiles}) {
    const std::string message = refusal(std::string(section) + "pattern = \"window\"\n");
    EXPECT_THAT(message, HasSubstr("published"));
    EXPECT_THAT(message, HasSubstr("use \"follow\" or \"request\""));
  }
}

TEST_F(SourcePatternTest, CombinationsWithoutMeaningAreRefusedByName) {
  EXPECT_THAT(refusal(std::string(kPypi) + "pattern = \"window\"\n"), HasSubstr("none is set"));
  EXPECT_THAT(refusal(std::string(kPypi) + "window = \"30d\"\n"), HasSubstr("has no window"));
  EXPECT_THAT(refusal(std::string(kNpm) + "pattern = \"request\"\nwindow = \"30d\"\n"),
              HasSubstr("has no window"));
  EXPECT_THAT(refusal(std::string(kNpm) + "pattern = \"window\"\nwindow = \"30d\"\n"
                                          "files = [\"/package.json\"]\n"),
              HasSubstr("whatever its age"));
  EXPECT_THAT(refusal(std::string(kFiles) + "pattern = \"request\"\nfolder = \"/drop\"\n"),
              HasSubstr("it is no request"));
}

}  // namespace
}  // namespace sluice::low
