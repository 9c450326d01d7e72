// With npm itself against a registry on loopback.
#include "lowside/upstream/npm/npm_source.h"

#include <gmock/gmock.h>

#include "tests/unit/lowside/upstream/npm/poll_fixture.h"

namespace sluice::low::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class NpmSourceTest : public PollFixture {};
class PlainNpmSourceTest : public PlainPollFixture {};

void publish_app(ScriptedRegistry& registry) {
  registry.publish("@scope/dep", "2.0.0");
  registry.publish("@scope/dep", "2.1.0");
  registry.publish("@scope/dep", "3.0.0");
  registry.publish("app", "1.0.0", {{"dependencies", {{"@scope/dep", "^2.0.0"}}}});
}

TEST_F(NpmSourceTest, TakesTheClosureThatNpmResolves) {
  publish_app(registry);
  settings.packages = {"app@^1"};
  const auto proposal = poll();
  ASSERT_TRUE(proposal) << proposal.error().message();
  EXPECT_EQ(problems(*proposal), "");
  EXPECT_EQ(proposal->records.size(), 2U);
  EXPECT_EQ(proposal->blobs.size(), 2U);
  EXPECT_THAT(versions("app"), ElementsAre("1.0.0"));
  EXPECT_THAT(versions("@scope/dep"), ElementsAre("2.1.0"));
  const proto::NpmPackage dep = package("@scope/dep");
  EXPECT_EQ(dep.dist_tags().at("latest"), "2.1.0");  // the upstream's, 3.0.0, is not held
  EXPECT_EQ(dep.time().at("2.1.0"), "2024-01-01T00:00:00.000Z");
  EXPECT_FALSE(dep.time().contains("3.0.0"));
  EXPECT_THAT(dep.extra(), HasSubstr("# @scope/dep"));
  EXPECT_EQ(proposal->blobs[0].evidence(1).kind(), "npm-signature");
  EXPECT_EQ(proposal->blobs[0].evidence(1).detail(), "SHA256:test");

  const auto again = poll();
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_TRUE(again->records.empty());
  const auto asked = registry.server.requests("/app");
  EXPECT_FALSE(asked.back().header("if-none-match").empty());
}

TEST_F(NpmSourceTest, AsksOnceForEachUnchangedPackageAndNotNpm) {
  publish_app(registry);
  settings.packages = {"app@^1"};
  ASSERT_TRUE(poll());
  ASSERT_TRUE(poll());  // what came between npm and the first packuments is seen by this one
  const std::string known = cursor;
  const std::size_t before = registry.server.all_requests().size();
  settings.npm = "/nowhere/npm";
  const auto unchanged = poll();
  ASSERT_TRUE(unchanged) << unchanged.error().message();
  EXPECT_EQ(problems(*unchanged), "");
  EXPECT_EQ(cursor, known);
  EXPECT_EQ(registry.server.all_requests().size(), before + 3) << "app, @scope/dep and the keys";

  settings.npm = "npm";
  registry.publish("@scope/dep", "2.2.0");
  ASSERT_TRUE(poll());
  EXPECT_THAT(versions("@scope/dep"), ElementsAre("2.1.0", "2.2.0"));
  settings.packages = {"app@^1", "@scope/dep@3"};
  ASSERT_TRUE(poll());
  EXPECT_THAT(versions("@scope/dep"), ElementsAre("2.1.0", "2.2.0", "3.0.0"));
}

TEST_F(NpmSourceTest, ARegistryThatAnswersNothingFailsThePollThoughAllIsKnown) {
  publish_app(registry);
  settings.packages = {"app@^1"};
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(poll());
  }
  registry.server.answer("/app", {{.status = 503}});
  const auto one_of_two = poll();
  ASSERT_TRUE(one_of_two) << "the other package answered";
  EXPECT_EQ(one_of_two->problems.size(), 1U) << "and the one that did not is asked once";
  registry.server.stop();
  const auto silent = poll();
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().code, ErrorCode::kUnavailable);
}

TEST_F(NpmSourceTest, WhatIsNoLongerWantedIsStillToldOf) {
  publish_app(registry);
  settings.packages = {"app", "@scope/dep@3"};
  ASSERT_TRUE(poll());
  settings.packages = {"@scope/dep@3"};
  ASSERT_TRUE(poll());
  registry.publish("app", "1.0.0",
                   {{"dependencies", {{"@scope/dep", "^2.0.0"}}}, {"deprecated", "use another"}});
  ASSERT_TRUE(poll());
  EXPECT_THAT(package("app").versions(0).manifest(), HasSubstr("use another"));
}

TEST_F(PlainNpmSourceTest, DoesWithoutETagsKeysAndSignatures) {
  publish_app(registry);
  settings.packages = {"app"};
  const auto proposal = poll();
  ASSERT_TRUE(proposal) << proposal.error().message();
  EXPECT_EQ(problems(*proposal), "");
  EXPECT_THAT(versions("@scope/dep"), ElementsAre("2.1.0"));
  const auto again = poll();
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->records.empty());
  EXPECT_EQ(intake.taken, 2U);

  registry.publish("@scope/dep", "2.2.0");
  ASSERT_TRUE(poll());
  EXPECT_THAT(versions("@scope/dep"), ElementsAre("2.1.0", "2.2.0"));
  EXPECT_EQ(intake.taken, 3U);
}

TEST_F(NpmSourceTest, NamesWhatCannotBeResolvedAndGoesOn) {
  publish_app(registry);
  registry.publish("conflicted", "1.0.0", {{"peerDependencies", {{"app", "^9"}}}});
  settings.packages = {"no-such-package", "app@^7", "app@1", "bad name", "x@github:a/b"};
  write("package.json",
        R"({"dependencies":{"conflicted":"1.0.0","app":"1.0.0"},"scripts":{"install":"false"}})");
  const auto proposal = poll();
  ASSERT_TRUE(proposal) << proposal.error().message();
  EXPECT_THAT(versions("app"), ElementsAre("1.0.0"));
  EXPECT_EQ(proposal->problems.size(), 5U);
  const std::string text = problems(*proposal);
  EXPECT_THAT(text, HasSubstr("E404"));
  EXPECT_THAT(text, HasSubstr("no-such-package"));
  EXPECT_THAT(text, HasSubstr("ETARGET"));
  EXPECT_THAT(text, HasSubstr("app@^7"));
  EXPECT_THAT(text, HasSubstr("ERESOLVE"));
  EXPECT_THAT(text, HasSubstr("bad name"));
  EXPECT_THAT(text, HasSubstr("comes from github:a/b"));
  EXPECT_EQ(count(observe::Metric::kWantUnresolved), 5U);
}

TEST_F(NpmSourceTest, TakesOptionalPackagesOfTheTargetsOnly) {
  registry.publish("native-linux", "1.0.0", {{"os", {"linux"}}, {"cpu", {"x64"}}});
  registry.publish("native-musl", "1.0.0", {{"os", {"linux"}}, {"libc", {"musl"}}});
  registry.publish("native-mac", "1.0.0", {{"os", {"darwin"}}});
  const json::object natives{
      {"native-linux", "1.0.0"}, {"native-musl", "1.0.0"}, {"native-mac", "1.0.0"}};
  registry.publish("native", "1.0.0", {{"optionalDependencies", natives}});
  settings.packages = {"native"};
  const auto proposal = poll();
  ASSERT_TRUE(proposal) << proposal.error().message();
  EXPECT_EQ(problems(*proposal), "");
  EXPECT_THAT(versions("native-linux"), ElementsAre("1.0.0"));
  EXPECT_FALSE(records.contains("native-musl"));
  EXPECT_FALSE(records.contains("native-mac"));

  settings.targets = {{}, {"darwin", "arm64", ""}};
  ASSERT_TRUE(poll());
  EXPECT_TRUE(records.contains("native-mac"));
}

TEST_F(NpmSourceTest, DevDependenciesAreAChoice) {
  publish_app(registry);
  registry.publish("tool", "1.0.0");
  write("package.json", R"({"dependencies":{"app":"1"},"devDependencies":{"tool":"1"}})");
  settings.include_dev = false;
  ASSERT_TRUE(poll());
  EXPECT_FALSE(records.contains("tool"));
  settings.include_dev = true;
  ASSERT_TRUE(poll());
  EXPECT_TRUE(records.contains("tool"));
}

TEST_F(NpmSourceTest, ARegistryThatIsAwayFailsThePoll) {
  settings.registry = "http://127.0.0.1:1/";
  settings.packages = {"app"};
  cursor = "";
  const auto proposal = poll();
  ASSERT_FALSE(proposal);
  EXPECT_EQ(proposal.error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(proposal.error().cure.empty());
}

}  // namespace
}  // namespace sluice::low::test
