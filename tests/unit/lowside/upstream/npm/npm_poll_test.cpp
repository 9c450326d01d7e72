// What a registry can do wrong. The wants are lock files, so that only the poll itself asks it.
#include <gmock/gmock.h>

#include "tests/unit/lowside/upstream/npm/poll_fixture.h"

namespace sluice::low::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class NpmPollTest : public PollFixture {
 protected:
  NpmPollTest() {
    for (const char* name : {"a", "b", "c"}) {
      registry.publish(name, "1.0.0");
    }
  }
};

class PlainNpmPollTest : public PlainPollFixture {};

TEST_F(NpmPollTest, ALieAboutADigestKeepsTheWholeClosureBack) {
  want_lock("one.json", {{"a", "1.0.0"}, {"b", "1.0.0"}});
  want_lock("two.json", {{"b", "1.0.0"}, {"c", "1.0.0"}});
  registry.replace_tarball("a", "1.0.0", "something else");
  const auto proposal = poll();
  ASSERT_TRUE(proposal) << proposal.error().message();
  EXPECT_FALSE(records.contains("a"));
  EXPECT_TRUE(records.contains("b"));  // the other, whole closure needs it as well
  EXPECT_TRUE(records.contains("c"));
  EXPECT_THAT(problems(*proposal), HasSubstr("one.json: 1 of its 2 packages cannot be had"));
  EXPECT_THAT(problems(*proposal), HasSubstr("a@1.0.0"));
  EXPECT_EQ(count(observe::Metric::kWantUnresolved), 1U);

  registry.replace_tarball("a", "1.0.0", "tarball of a 1.0.0");
  ASSERT_TRUE(poll());
  EXPECT_TRUE(records.contains("a"));
}

TEST_F(NpmPollTest, WhatOnlyABrokenClosureNeedsWaitsWithIt) {
  want_lock("one.json", {{"a", "1.0.0"}, {"b", "1.0.0"}});
  intake.quarantined = {"b-1.0.0.tgz"};
  const auto proposal = poll();
  ASSERT_TRUE(proposal);
  EXPECT_TRUE(proposal->records.empty());
  EXPECT_TRUE(proposal->blobs.empty());
  EXPECT_THAT(problems(*proposal), HasSubstr("a scanner refused it"));
}

TEST_F(NpmPollTest, AFullDiskEndsThePollAndIsNoFaultOfAVersion) {
  want_lock("one.json", {{"a", "1.0.0"}, {"b", "1.0.0"}});
  intake.full = true;
  const auto proposal = poll();
  ASSERT_FALSE(proposal);
  EXPECT_EQ(proposal.error().code, ErrorCode::kExhausted);
  intake.full = false;
  ASSERT_TRUE(poll());
  EXPECT_TRUE(records.contains("a"));
}

TEST_F(NpmPollTest, ATarballThatIsNotThereIsNamed) {
  want_lock("one.json", {{"a", "1.0.0"}});
  registry.remove_tarball("a", "1.0.0");
  const auto proposal = poll();
  ASSERT_TRUE(proposal);
  EXPECT_TRUE(proposal->records.empty());
  EXPECT_THAT(problems(*proposal), HasSubstr("a-1.0.0.tgz"));
}

TEST_F(NpmPollTest, WrongMissingAndForeignSignaturesAreRefused) {
  registry.edit_dist("a", "1.0.0", [&](json::object& dist) {
    dist["signatures"] = json::array{{{"keyid", "SHA256:test"}, {"sig", registry.key.sign("x")}}};
  });
  registry.edit_dist("b", "1.0.0", [](json::object& dist) { dist.erase("signatures"); });
  registry.edit_dist("c", "1.0.0", [](json::object& dist) {
    dist["signatures"].as_array()[0].as_object()["keyid"] = "SHA256:other";
  });
  want_lock("a.json", {{"a", "1.0.0"}});
  want_lock("b.json", {{"b", "1.0.0"}});
  want_lock("c.json", {{"c", "1.0.0"}});
  const auto proposal = poll();
  ASSERT_TRUE(proposal);
  EXPECT_TRUE(proposal->records.empty());
  const std::string text = problems(*proposal);
  EXPECT_THAT(text, HasSubstr("a@1.0.0: the registry's signature by SHA256:test does not hold"));
  EXPECT_THAT(text, HasSubstr("b@1.0.0: it has no signature"));
  EXPECT_THAT(text, HasSubstr("c@1.0.0: none of its signatures is by a key"));
  EXPECT_EQ(count(observe::Metric::kUpstreamBadSignature), 3U);

  settings.signatures = NpmSignatures::kWhenPresent;
  ASSERT_TRUE(poll());
  EXPECT_FALSE(records.contains("a"));
  EXPECT_TRUE(records.contains("b"));
}

TEST_F(NpmPollTest, AKeyDoesNotVouchForWhatCameAfterItExpired) {
  want_lock("a.json", {{"a", "1.0.0"}});  // published 2024-01-01
  registry.set_keys("2023-12-31T23:59:59.000Z");
  const auto proposal = poll();
  ASSERT_TRUE(proposal);
  EXPECT_THAT(problems(*proposal), HasSubstr("after that key had expired"));
  registry.set_keys("2024-01-01T00:00:01.000Z");
  ASSERT_TRUE(poll());
  EXPECT_TRUE(records.contains("a"));
}

TEST_F(NpmPollTest, KeysThatVanishGoOnBeingUsed) {
  want_lock("a.json", {{"a", "1.0.0"}});
  ASSERT_TRUE(poll());
  registry.server.answer("/-/npm/v1/keys", {{.status = 404}});
  registry.edit_dist("b", "1.0.0", [](json::object& dist) { dist.erase("signatures"); });
  want_lock("b.json", {{"b", "1.0.0"}});
  const auto proposal = poll();
  ASSERT_TRUE(proposal);
  EXPECT_FALSE(records.contains("b"));
  EXPECT_THAT(problems(*proposal), HasSubstr("no longer gives its signing keys"));
}

TEST_F(NpmPollTest, GarbageLeavesTheOldStateAndIsCounted) {
  want_lock("a.json", {{"a", "1.0.0"}});
  want_lock("b.json", {{"b", "1.0.0"}});
  ASSERT_TRUE(poll());
  const std::string before = records["a"].body();
  std::uint64_t garbage = 0;
  for (const char* body : {"<html>proxy</html>", "{}", R"({"name":"b","versions":{"1.0.0":{}}})",
                           R"({"name":"a","versions":{}})", R"({"name":"a","versions":[)",
                           R"({"name":"a","versions":{"1.0.0":{"name":"a"}}})", ""}) {
    registry.server.answer("/a", {{.body = body}});
    const auto proposal = poll();
    ASSERT_TRUE(proposal) << body;
    EXPECT_TRUE(proposal->records.empty()) << body;
    EXPECT_EQ(count(observe::Metric::kUpstreamGarbage), ++garbage) << body;
    EXPECT_FALSE(proposal->problems.empty()) << body;
  }
  EXPECT_EQ(records["a"].body(), before);
}

TEST_F(NpmPollTest, AnAnswerThatNeverEndsIsATimeOutWithTheAddress) {
  want_lock("a.json", {{"a", "1.0.0"}});
  FetchSettings fetch;
  fetch.folder = folder / "fetch2";
  fetch.attempts = 1;
  fetch.document_time = std::chrono::milliseconds(200);
  fetcher = Fetcher::open(fetch, posix_file_system(), clock, counters, events).value();
  registry.server.answer("/a", {{.body = "{", .claimed_length = 100, .hang = true}});
  const auto proposal = poll();
  ASSERT_TRUE(proposal);
  EXPECT_TRUE(proposal->records.empty());
  EXPECT_THAT(problems(*proposal), HasSubstr(registry.server.uri("/a")));
}

TEST_F(NpmPollTest, HeldVersionsAccumulateAndSurviveUnpublishing) {
  registry.publish("a", "1.1.0");
  want_lock("a.json", {{"a", "1.0.0"}});
  ASSERT_TRUE(poll());
  EXPECT_THAT(versions("a"), ElementsAre("1.0.0"));
  want_lock("a.json", {{"a", "1.1.0"}});
  ASSERT_TRUE(poll());
  EXPECT_THAT(versions("a"), ElementsAre("1.0.0", "1.1.0"));
  registry.edit("a", [](json::object& packument) {
    packument["versions"].as_object().erase("1.0.0");
    packument["versions"].as_object()["1.1.0"].as_object()["deprecated"] = "use b";
  });
  const auto proposal = poll();
  ASSERT_TRUE(proposal);
  EXPECT_EQ(problems(*proposal), "");
  EXPECT_THAT(versions("a"), ElementsAre("1.0.0", "1.1.0"));
  EXPECT_THAT(package("a").versions(1).manifest(), HasSubstr("use b"));
  EXPECT_EQ(records["a"].blobs_size(), 2);
}

TEST_F(NpmPollTest, WhatIsUnpublishedAndForgottenHereIsLeftOutWithAProblem) {
  registry.publish("a", "1.1.0");
  want_lock("a.json", {{"a", "1.0.0"}});
  want_lock("a2.json", {{"a", "1.1.0"}});
  ASSERT_TRUE(poll());
  std::filesystem::remove_all(folder / "work");
  std::filesystem::create_directories(folder / "work");
  registry.edit("a",
                [](json::object& packument) { packument["versions"].as_object().erase("1.0.0"); });
  const auto proposal = poll();
  ASSERT_TRUE(proposal);
  EXPECT_THAT(versions("a"), ElementsAre("1.1.0"));
  EXPECT_THAT(problems(*proposal), HasSubstr("a@1.0.0: the registry no longer lists it"));
}

TEST_F(NpmPollTest, LargeMembersOfThePackumentStayBehind) {
  registry.edit("a", [](json::object& packument) {
    packument["readme"] = std::string(100'000, 'x');
    packument["license"] = "MIT";
  });
  want_lock("a.json", {{"a", "1.0.0"}});
  ASSERT_TRUE(poll());
  EXPECT_EQ(package("a").extra(), R"({"license":"MIT"})");
}

TEST_F(NpmPollTest, AShippedVersionNeverChangesItsBytes) {
  want_lock("a.json", {{"a", "1.0.0"}});
  ASSERT_TRUE(poll());
  const std::string before = records["a"].body();
  registry.replace_tarball("a", "1.0.0", "evil");
  registry.edit_dist("a", "1.0.0", [&](json::object& dist) {
    const std::string integrity = hash(DigestAlgorithm::kSha512, as_bytes("evil")).sri();
    dist["integrity"] = integrity;
    dist["shasum"] = hash(DigestAlgorithm::kSha1, as_bytes("evil")).hex();
    dist["signatures"] =
        json::array{{{"keyid", "SHA256:test"}, {"sig", registry.key.sign("a@1.0.0:" + integrity)}}};
  });
  const auto proposal = poll();
  ASSERT_TRUE(proposal);
  EXPECT_TRUE(proposal->records.empty());
  EXPECT_THAT(problems(*proposal), HasSubstr("other bytes for a version that was shipped before"));
  EXPECT_EQ(count(observe::Metric::kUpstreamBadDigest), 1U);
}

TEST_F(NpmPollTest, ALockFileMustMeanWhatTheRegistryHolds) {
  want_lock("wrong.json", {{"b", "1.0.0"}},
            {{"node_modules/a", json::object{{"version", "1.0.0"},
                                             {"integrity", registry.integrity("a", "9.9.9")}}}});
  const auto proposal = poll();
  ASSERT_TRUE(proposal);
  EXPECT_TRUE(proposal->records.empty());
  EXPECT_THAT(problems(*proposal), HasSubstr("a@1.0.0: the lock file's integrity"));
}

TEST_F(NpmPollTest, AVersionThatTheRegistryDoesNotListIsNamed) {
  want_lock("a.json", {{"a", "4.0.0"}});
  const auto proposal = poll();
  ASSERT_TRUE(proposal);
  EXPECT_THAT(problems(*proposal), HasSubstr("a@4.0.0: the registry does not list this version"));
}

TEST_F(NpmPollTest, ACursorFromElsewhereIsAnError) {
  cursor = "{\"format\":99}";
  EXPECT_FALSE(poll());
  cursor = "nonsense";
  const auto proposal = poll();
  ASSERT_FALSE(proposal);
  EXPECT_FALSE(proposal.error().cure.empty());
}

TEST_F(PlainNpmPollTest, AShasumServesWhereThereIsNoIntegrity) {
  registry.publish("old", "0.0.1");
  registry.edit_dist("old", "0.0.1", [](json::object& dist) { dist.erase("integrity"); });
  want_lock("a.json", {{"old", "0.0.1"}});
  const auto proposal = poll();
  ASSERT_TRUE(proposal);
  EXPECT_EQ(problems(*proposal), "");
  EXPECT_TRUE(records.contains("old"));
  EXPECT_EQ(proposal->blobs.at(0).evidence(0).kind(), "shasum");
}

}  // namespace
}  // namespace sluice::low::test
