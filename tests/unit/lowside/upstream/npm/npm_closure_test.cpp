// What a poll tells a plan of its closures, and what is too old for a window.
#include <gmock/gmock.h>

#include "lowside/pipeline/rfc3339.h"
#include "tests/unit/lowside/upstream/npm/poll_fixture.h"

namespace sluice::low::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class NpmClosureTest : public PollFixture {
 protected:
  NpmClosureTest() {
    registry.publish("a", "1.0.0", {{"scripts", json::object{{"postinstall", "node steal.js"}}}});
    registry.publish("b", "1.0.0", {{"deprecated", "use c"}});
    list_closure = true;
  }
  static std::vector<std::string> items(const Proposal& proposal) {
    std::vector<std::string> names;
    for (const proto::PlanNode& node : proposal.closure) {
      names.push_back(node.document() + "@" + node.item());
    }
    return names;
  }
  // The wants are specs, whose lock file npm itself would make.
  void npm_answers(const std::string& package, const std::string& version) {
    const std::string lock = json::serialize(json::object{
        {"lockfileVersion", 3},
        {"packages",
         json::object{
             {"", json::object{{"name", "wanted"}}},
             {"node_modules/" + package,
              json::object{{"version", version},
                           {"integrity", registry.integrity(package, version)}}},
             {"node_modules/b", json::object{{"version", "1.0.0"},
                                             {"integrity", registry.integrity("b", "1.0.0")}}}}}});
    std::ofstream(folder / "lock.json") << lock;
    std::ofstream(folder / "npm") << "#!/bin/sh\ncp " << (folder / "lock.json").string()
                                  << " package-lock.json\n";
    std::filesystem::permissions(folder / "npm", std::filesystem::perms::owner_all);
    settings.npm = (folder / "npm").string();
    settings.packages = {package};
  }
  void published(const std::string& name, const std::string& version, const std::string& when) {
    registry.edit(name,
                  [&](json::object& packument) { packument["time"].as_object()[version] = when; });
  }
};

TEST_F(NpmClosureTest, EveryVersionIsListedWhetherItIsNewOrShipped) {
  want_lock("one.json", {{"a", "1.0.0"}, {"b", "1.0.0"}});
  const Proposal first = poll().value();
  EXPECT_THAT(items(first), ElementsAre("a@1.0.0", "b@1.0.0"));
  EXPECT_EQ(first.closure[0].sha256(), package("a").versions(0).tarball());
  EXPECT_EQ(first.closure[0].size(), package("a").versions(0).size());
  const Proposal again = poll().value();
  EXPECT_TRUE(again.records.empty());
  EXPECT_THAT(items(again), ElementsAre("a@1.0.0", "b@1.0.0"));
  EXPECT_EQ(again.closure[0].sha256(), first.closure[0].sha256());
}

TEST_F(NpmClosureTest, InstallScriptsAndDeprecationsAreFlagged) {
  registry.publish("c", "1.0.0", {{"scripts", json::object{{"test", "true"}}}});
  registry.publish("d", "1.0.0", {{"gypfile", true}});
  want_lock("one.json", {{"a", "1.0.0"}, {"b", "1.0.0"}, {"c", "1.0.0"}, {"d", "1.0.0"}});
  const Proposal proposal = poll().value();
  ASSERT_EQ(proposal.closure.size(), 4U);
  EXPECT_THAT(proposal.closure[0].flags(), ElementsAre(HasSubstr("install script")));
  EXPECT_THAT(proposal.closure[1].flags(), ElementsAre("deprecated: use c"));
  EXPECT_THAT(proposal.closure[2].flags(), IsEmpty());
  EXPECT_THAT(proposal.closure[3].flags(), ElementsAre(HasSubstr("install script")));
}

TEST_F(NpmClosureTest, OnlyWhatWasPublishedWithinTheWindowIsWanted) {
  npm_answers("a", "1.0.0");
  published_since = read_rfc3339("2024-02-01T00:00:00Z");
  published("a", "1.0.0", "2024-01-31T23:59:59.999Z");
  published("b", "1.0.0", "2024-03-01T00:00:00.000Z");  // a dependency makes nothing new
  const Proposal old = poll().value();
  EXPECT_EQ(problems(old), "");
  EXPECT_TRUE(old.records.empty());
  published("a", "1.0.0", "2024-02-01T00:00:00.000Z");
  published("b", "1.0.0", "2020-01-01T00:00:00.000Z");  // comes along whatever its age
  EXPECT_THAT(items(poll().value()), ElementsAre("a@1.0.0", "b@1.0.0"));
}

TEST_F(NpmClosureTest, WithoutTimesThereIsNoWindow) {
  npm_answers("a", "1.0.0");
  published_since = read_rfc3339("2024-02-01T00:00:00Z");
  registry.edit("a", [](json::object& packument) { packument.erase("time"); });
  const Proposal proposal = poll().value();
  EXPECT_TRUE(proposal.records.empty());
  EXPECT_THAT(problems(proposal), HasSubstr("does not say when it was published"));
}

}  // namespace
}  // namespace sluice::low::test
