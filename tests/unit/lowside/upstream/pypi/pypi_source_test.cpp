// With pip itself against an index on loopback.
#include "lowside/upstream/pypi/pypi_source.h"

#include <gmock/gmock.h>

#include "tests/unit/lowside/upstream/pypi/poll_fixture.h"

namespace sluice::low::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PypiSourceTest : public PollFixture {};

TEST_F(PypiSourceTest, TakesTheClosureThatPipResolvesForEachTarget) {
  index.publish("app", "1.0",
                "Requires-Dist: dep<2\nRequires-Dist: old; python_version < '3.10'\n"
                "Requires-Dist: win; sys_platform == 'win32'\nProvides-Extra: more\n"
                "Requires-Dist: extra; extra == 'more'\n");
  index.publish("old", "1.0", "Requires-Python: <3.10\n");
  for (const char* name : {"win", "extra"}) {
    index.publish(name, "1.0");
  }
  for (const char* version : {"1.0", "1.5", "2.0"}) {
    index.publish("dep", version);
  }
  settings.packages = {"App[more]"};
  settings.targets.push_back(PypiTarget::read("3.9/win_amd64").value());
  const auto proposal = poll();
  ASSERT_TRUE(proposal) << proposal.error().message();
  EXPECT_EQ(problems(*proposal), "");
  EXPECT_THAT(files("dep"), ElementsAre("dep-1.5-py3-none-any.whl"));
  for (const char* name : {"app", "old", "win", "extra"}) {
    EXPECT_TRUE(records.contains(name)) << name;
  }
}

TEST_F(PypiSourceTest, KeepsToHashesAndConstraints) {
  for (const char* version : {"1.0", "2.0"}) {
    index.publish("a", version);
  }
  const std::string digest = sha256(as_bytes(wheel("a", "1.0"))).hex();
  settings.files = {write("good.txt", "a==1.0 --hash=sha256:" + digest + "\n")};
  ASSERT_TRUE(poll());
  EXPECT_THAT(files("a"), ElementsAre("a-1.0-py3-none-any.whl"));
  settings.files = {write("bad.txt", "a==2.0 --hash=sha256:" + digest + "\n")};
  auto proposal = poll();
  ASSERT_TRUE(proposal);
  EXPECT_THAT(problems(*proposal), HasSubstr("bad.txt"));
  EXPECT_THAT(problems(*proposal), HasSubstr("pip-compile"));
  settings.files.clear();
  settings.packages = {"a"};
  settings.constraints = {write("constraints.txt", "a<2\n")};
  proposal = poll();
  ASSERT_TRUE(proposal);
  EXPECT_EQ(problems(*proposal), "");
  EXPECT_THAT(files("a"), ElementsAre("a-1.0-py3-none-any.whl"));
}

TEST_F(PypiSourceTest, OneBadEntryDoesNotStopTheOthers) {
  index.publish("a", "1.0");
  index.publish("b", "1.0", "Requires-Dist: a==2.0\n");
  settings.packages = {"a", "nobody", "a @ https://x.example/a.whl"};
  auto proposal = poll();
  ASSERT_TRUE(proposal);
  EXPECT_TRUE(records.contains("a"));
  EXPECT_THAT(problems(*proposal), HasSubstr("nobody: the index has no such project"));
  EXPECT_THAT(problems(*proposal), HasSubstr("does not come from an index"));
  EXPECT_EQ(count(observe::Metric::kWantUnresolved), 2U);
}

TEST_F(PypiSourceTest, WhatOnlyTogetherCannotBeIsNamedAndComesApart) {
  index.publish("base", "1.0");
  index.publish("base", "2.0");
  index.publish("left", "1.0", "Requires-Dist: base==1.0\n");
  index.publish("right", "1.0", "Requires-Dist: base==2.0\n");
  settings.packages = {"left", "right"};
  const auto proposal = poll();
  ASSERT_TRUE(proposal);
  EXPECT_THAT(problems(*proposal), HasSubstr("versions conflict"));
  EXPECT_THAT(problems(*proposal), HasSubstr("left 1.0 depends on base==1.0"));
  EXPECT_EQ(proposal->problems.size(), 1U);
  EXPECT_THAT(files("base"), ElementsAre("base-1.0-py3-none-any.whl", "base-2.0-py3-none-any.whl"));
}

TEST_F(PypiSourceTest, SourceArchivesCrossByNameAloneAndAreNotRun) {
  index.add("legacy", "legacy-1.0.tar.gz", source_archive("legacy", "1.0", "Requires-Dist: dep\n"));
  index.publish("app", "1.0", "Requires-Dist: legacy\n");
  index.publish("dep", "1.0");
  settings.packages = {"app"};
  auto proposal = poll();
  ASSERT_TRUE(proposal);
  EXPECT_THAT(problems(*proposal), HasSubstr("legacy (needed by app): it has no wheel"));
  EXPECT_THAT(records, IsEmpty());
  settings.sources = {"legacy==1.0"};
  proposal = poll();
  ASSERT_TRUE(proposal) << proposal.error().message();
  EXPECT_EQ(problems(*proposal), "");
  EXPECT_THAT(files("legacy"), ElementsAre("legacy-1.0.tar.gz"));
  EXPECT_TRUE(project("legacy").files(0).metadata().empty());
  EXPECT_TRUE(records.contains("dep"));
  EXPECT_EQ(index.server.requests("/files/legacy-1.0.tar.gz").size(), 1U);
  const auto& blobs = proposal->blobs;
  EXPECT_TRUE(std::ranges::any_of(blobs, [](const proto::Blob& blob) {
    return blob.name() == "legacy-1.0.tar.gz" && blob.evidence_size() == 2 &&
           blob.evidence(1).kind() == "source-archive";
  }));
  proposal = poll();
  ASSERT_TRUE(proposal);
  EXPECT_TRUE(proposal->records.empty());
}

TEST_F(PypiSourceTest, ASourceArchiveThatDoesNotTellWhatItNeedsIsFlagged) {
  std::string old = core_metadata("legacy", "1.0");
  old.replace(old.find("2.2"), 3, "1.2");
  index.add("legacy", "legacy-1.0.tar.gz", pack({{"legacy-1.0/PKG-INFO", old}}, true));
  settings.packages = {"legacy"};
  settings.sources = {"legacy==1.0", "legacy", "nobody==1.0", "legacy==2.0"};
  const auto proposal = poll();
  ASSERT_TRUE(proposal);
  EXPECT_TRUE(records.contains("legacy"));
  for (const char* cause : {"cannot be known for certain without running its code",
                            "source archive legacy: legacy: it does not name one version",
                            "source archive nobody==1.0: ", "no source archive of that version"}) {
    EXPECT_THAT(problems(*proposal), HasSubstr(cause));
  }
}

TEST_F(PypiSourceTest, NothingOfTheHostsPipSettingsCounts) {
  index.publish("a", "1.0");
  settings.packages = {"a"};
  // NOLINTBEGIN(concurrency-mt-unsafe): no other thread reads the environment here
  ::setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple/", 1);
  ::setenv("PIP_NO_DEPS", "nonsense", 1);
  ::setenv("PYTHONPATH", "/no/such/folder", 1);
  const auto proposal = poll();
  for (const char* name : {"PIP_INDEX_URL", "PIP_NO_DEPS", "PYTHONPATH"}) {
    ::unsetenv(name);
  }
  // NOLINTEND(concurrency-mt-unsafe)
  ASSERT_TRUE(proposal) << proposal.error().message();
  EXPECT_EQ(problems(*proposal), "");
  EXPECT_TRUE(records.contains("a"));
}

}  // namespace
}  // namespace sluice::low::test
