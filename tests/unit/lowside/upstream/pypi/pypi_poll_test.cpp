// What an index can do wrong, and what a poll remembers. A script stands for pip, so that only the
// poll itself asks the index.
#include <gmock/gmock.h>

#include "common/base/text.h"
#include "tests/support/provenance.h"
#include "tests/unit/lowside/upstream/pypi/poll_fixture.h"

namespace sluice::low::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PypiPollTest : public PollFixture {
 protected:
  PypiPollTest() {
    a = index.publish("a", "1.0");
    b = index.publish("b", "1.0");
    settings.packages = {"a"};
    pip_answers({{"a", a}, {"b", b}});
  }

  // The poll succeeds, brings nothing, and says why.
  void expect_nothing(const std::string& cause) {
    const auto proposal = poll();
    ASSERT_TRUE(proposal) << proposal.error().message();
    EXPECT_TRUE(proposal->records.empty());
    EXPECT_THAT(problems(*proposal), HasSubstr(cause));
  }

  std::string a;
  std::string b;
};

TEST_F(PypiPollTest, ShipsWheelsWithTheirMetadata) {
  const auto proposal = poll();
  ASSERT_TRUE(proposal) << proposal.error().message();
  EXPECT_EQ(problems(*proposal), "");
  EXPECT_EQ(proposal->records.size(), 2U);
  EXPECT_EQ(proposal->blobs.size(), 4U);
  const proto::PypiFile file = project("a").files(0);
  EXPECT_EQ(file.filename(), a);
  EXPECT_EQ(file.upload_time(), "2024-01-02T03:04:05.678900Z");
  EXPECT_EQ(file.size(), wheel("a", "1.0").size());
  EXPECT_EQ(intake.made.at(*Sha256Digest::from_bytes(as_bytes(file.metadata()))),
            core_metadata("a", "1.0"));
  EXPECT_THAT(records["a"].blobs(), ElementsAre(file.sha256(), file.metadata()));
  EXPECT_EQ(proposal->blobs[0].evidence(0).kind(), "simple-index");
}

TEST_F(PypiPollTest, TakesProvenanceAlongWhereItIsOfTheFile) {
  const std::string text = sluice::test::provenance_of(sha256(as_bytes(wheel("a", "1.0"))).hex());
  index.attest("a", a, text);
  index.attest("b", b, text);  // of another file
  const auto proposal = poll();
  ASSERT_TRUE(proposal) << proposal.error().message();
  EXPECT_THAT(problems(*proposal), HasSubstr("attestation of another file"));
  EXPECT_THAT(problems(*proposal), HasSubstr("it crosses without provenance"));
  const proto::PypiFile file = project("a").files(0);
  EXPECT_EQ(intake.made.at(*Sha256Digest::from_bytes(as_bytes(file.attestations()))), text);
  EXPECT_THAT(records["a"].blobs(),
              ElementsAre(file.sha256(), file.metadata(), file.attestations()));
  EXPECT_EQ(project("b").files(0).attestations(), "");
  EXPECT_EQ(proposal->blobs.size(), 5U);
  // A change of the page asks for no provenance that is held.
  index.edit("a", a, [](json::object& entry) { entry["yanked"] = true; });
  const std::size_t before = index.server.requests("/files/" + a + ".provenance").size();
  ASSERT_TRUE(poll());
  EXPECT_TRUE(project("a").files(0).yanked());
  EXPECT_EQ(project("a").files(0).attestations(), file.attestations());
  EXPECT_EQ(index.server.requests("/files/" + a + ".provenance").size(), before);
}

TEST_F(PypiPollTest, AsksOnceForEachUnchangedProjectAndNotPip) {
  ASSERT_TRUE(poll());
  ASSERT_TRUE(poll());
  EXPECT_EQ(pip_runs(), 2U) << "what came between pip and the first pages would be missed";
  const std::size_t before = index.server.all_requests().size();
  const auto again = poll();
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->records.empty());
  EXPECT_EQ(again->cursor, cursor);
  EXPECT_EQ(index.server.all_requests().size(), before + 2);
  EXPECT_FALSE(index.server.all_requests().back().header("if-none-match").empty());
  EXPECT_EQ(pip_runs(), 2U);
  settings.packages = {"a", "b"};  // another question
  ASSERT_TRUE(poll());
  EXPECT_EQ(pip_runs(), 3U);
}

TEST_F(PypiPollTest, AReleaseBetweenPipAndThePagesIsTakenByTheNextPoll) {
  const std::string newer = index.publish("b", "2.0");  // pip answered before
  ASSERT_TRUE(poll());
  EXPECT_THAT(files("b"), ElementsAre(b));
  pip_answers({{"a", a}, {"b", newer}});
  ASSERT_TRUE(poll());
  EXPECT_THAT(files("b"), ElementsAre(b, newer));
}

TEST_F(PypiPollTest, AnIndexThatAnswersNothingFailsThePollThoughAllIsKnown) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(poll());
  }
  index.server.stop();
  const auto silent = poll();
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().code, ErrorCode::kUnavailable);
}

TEST_F(PypiPollTest, YanksComeAndGo) {
  ASSERT_TRUE(poll());
  index.edit("a", a, [](json::object& file) { file["yanked"] = "broken"; });
  ASSERT_TRUE(poll());
  EXPECT_EQ(project("a").files(0).yanked_reason(), "broken");
  EXPECT_EQ(intake.taken, 2U);  // nothing is fetched again
  EXPECT_EQ(pip_runs(), 2U);    // another file may be the one to take now
  index.edit("a", a, [](json::object& file) { file.erase("yanked"); });
  ASSERT_TRUE(poll());
  EXPECT_FALSE(project("a").files(0).yanked());
}

TEST_F(PypiPollTest, ANewReleaseComesBesideTheOld) {
  ASSERT_TRUE(poll());
  const std::string newer = index.publish("b", "1.10");
  index.publish("b", "1.9");  // that pip does not choose
  pip_answers({{"a", a}, {"b", newer}});
  ASSERT_TRUE(poll());
  EXPECT_THAT(files("b"), ElementsAre(b, newer));
}

TEST_F(PypiPollTest, WhatTheIndexNoLongerListsStays) {
  ASSERT_TRUE(poll());
  index.unlist("b", b);
  const std::string newer = index.publish("b", "2.0");
  pip_answers({{"a", a}, {"b", newer}});
  const auto proposal = poll();
  ASSERT_TRUE(proposal);
  EXPECT_EQ(problems(*proposal), "");
  EXPECT_THAT(files("b"), ElementsAre(b, newer));
  EXPECT_EQ(project("b").files(0).upload_time(), "2024-01-02T03:04:05.678900Z");
}

TEST_F(PypiPollTest, ALieAboutADigestKeepsTheWholeClosureBack) {
  index.replace(b, wheel("b", "1.0", "Summary: changed\n"));
  expect_nothing("1 of its 2 files cannot be had");
  EXPECT_FALSE(records.contains("a"));
  index.replace(b, wheel("b", "1.0"));
  ASSERT_TRUE(poll());
  EXPECT_TRUE(records.contains("a"));
}

TEST_F(PypiPollTest, WhatHasNoDigestIsRefused) {
  index.edit("b", b, [](json::object& file) { file["hashes"] = json::object{{"md5", "x"}}; });
  expect_nothing(b + ": the index names no SHA-256");
}

TEST_F(PypiPollTest, AClaimOfManyGigabytesIsRefusedBeforeItIsFetched) {
  index.edit("b", b, [](json::object& file) { file["size"] = 10'000'000'000; });
  expect_nothing(b + ": the index says that it has 9.3 GiB");
  EXPECT_THAT(index.server.requests("/files/" + b), IsEmpty());
}

TEST_F(PypiPollTest, AnEndlessFileIsBrokenOff) {
  index.server.answer("/files/" + b, {{.body = std::string(100'000, 'x'), .endless = true}});
  expect_nothing(b);
}

TEST_F(PypiPollTest, AnEndlessPageIsBrokenOff) {
  index.server.answer("/simple/b/",
                      {{.body = std::string(std::size_t{1} << 20, ' '), .endless = true}});
  expect_nothing("/simple/b/: is larger than the limit");
}

TEST_F(PypiPollTest, WhatIsListedButNotThereIsNamed) {
  index.server.answer("/files/" + b, {{.status = 404}});
  expect_nothing(b);
}

TEST_F(PypiPollTest, HostileNamesAreNamedAndLeftOut) {
  for (const char* name : {"../../evil-1.0.zip", "m\u0443-1.0.zip"}) {
    index.add("b", name, "x");
  }
  const auto proposal = poll();
  ASSERT_TRUE(proposal);
  EXPECT_THAT(problems(*proposal), HasSubstr("2 files have names or words that cannot be"));
  EXPECT_THAT(problems(*proposal), HasSubstr("../../evil-1.0.zip"));
  EXPECT_THAT(files("b"), ElementsAre(b));
  EXPECT_EQ(count(observe::Metric::kUpstreamGarbage), 1U);
}

TEST_F(PypiPollTest, AWheelThatIsNotWhatItsNameSaysIsRefused) {
  index.add("b", b, wheel("other", "1.0"));
  expect_nothing("its metadata is of \"other\" 1.0, not of b 1.0");
  index.add("b", b, "<html>an error page</html>");
  expect_nothing("does not unpack");
  index.add("b", b,
            pack({{"b-1.0.dist-info/METADATA", core_metadata("b", "1.0")}, {"../evil", ""}}));
  expect_nothing("outside of its folder");
}

TEST_F(PypiPollTest, AWrongDigestOfTheMetadataIsRefused) {
  index.edit("b", b, [](json::object& file) {
    file["core-metadata"] = json::object{{"sha256", std::string(64, '0')}};
  });
  expect_nothing("digest of its metadata is not that of the METADATA in it");
  EXPECT_EQ(count(observe::Metric::kUpstreamBadDigest), 1U);
  index.edit("b", b, [](json::object& file) {
    file["core-metadata"] =
        json::object{{"sha256", sha256(as_bytes(core_metadata("b", "1.0"))).hex()}};
  });
  ASSERT_TRUE(poll());
  EXPECT_TRUE(records.contains("b"));
}

TEST_F(PypiPollTest, AShippedFileWithAnotherDigestFreezesItsProject) {
  ASSERT_TRUE(poll());
  index.add("b", b, wheel("b", "1.0", "Summary: changed\n"));
  expect_nothing("another digest for a file that was shipped before");
  EXPECT_EQ(count(observe::Metric::kUpstreamBadDigest), 1U);
}

TEST_F(PypiPollTest, AStaleCacheIsNotBelieved) {
  index.set_serial(7);
  ASSERT_TRUE(poll());
  index.set_serial(6);
  index.edit("a", a, [](json::object& file) { file["yanked"] = true; });
  expect_nothing("serial 6, and gave 7 before");
  index.set_serial(8);
  ASSERT_TRUE(poll());
  EXPECT_TRUE(project("a").files(0).yanked());
}

TEST_F(PypiPollTest, GarbageLeavesWhatIsHeldAsItIs) {
  ASSERT_TRUE(poll());
  index.server.answer("/simple/b/", {{.body = "\x01\xff not what you asked for"}});
  expect_nothing("the answer is no page of an index");
  index.server.answer("/simple/b/", {{.status = 404}});
  expect_nothing("the index has this project no more");
}

TEST_F(PypiPollTest, A304ThatNobodyAskedForIsNamed) {
  index.server.answer("/simple/b/", {{.status = 304}});
  settings.sources = {"b==1.0"};
  expect_nothing("304, which does not fit the request");
}

TEST_F(PypiPollTest, ReadsAnIndexThatHasOnlyHtml) {
  index.as_html(true);
  const auto proposal = poll();
  ASSERT_TRUE(proposal);
  EXPECT_EQ(problems(*proposal), "");
  EXPECT_EQ(project("a").files(0).size(), wheel("a", "1.0").size());
}

TEST_F(PypiPollTest, CredentialsGoToTheIndexAlone) {
  sluice::test::HttpServer elsewhere;
  elsewhere.answer("/" + b, {{.body = wheel("b", "1.0")}});
  index.edit("b", b, [&](json::object& file) { file["url"] = elsewhere.uri("/" + b); });
  settings.index.insert(settings.index.find("//") + 2, "me:secret@");
  ASSERT_TRUE(poll());
  EXPECT_TRUE(records.contains("b"));
  EXPECT_EQ(index.server.requests("/simple/b/").back().header("authorization"),
            "Basic bWU6c2VjcmV0");
  EXPECT_EQ(index.server.requests("/files/" + a).back().header("authorization"),
            "Basic bWU6c2VjcmV0");
  EXPECT_EQ(elsewhere.requests("/" + b).back().header("authorization"), "");
}

TEST_F(PypiPollTest, ARedirectTakesNoCredentialsAlong) {
  sluice::test::HttpServer elsewhere;
  elsewhere.answer("/" + b, {{.body = wheel("b", "1.0")}});
  index.server.answer("/files/" + b,
                      {{.status = 302, .headers = {{"Location", elsewhere.uri("/" + b)}}}});
  settings.index.insert(settings.index.find("//") + 2, "me:secret@");
  ASSERT_TRUE(poll());
  EXPECT_TRUE(records.contains("b"));
  EXPECT_EQ(elsewhere.requests("/" + b).back().header("authorization"), "");
}

TEST_F(PypiPollTest, AFullDiskEndsThePollAndIsNoFaultOfAFile) {
  intake.full = true;
  const auto proposal = poll();
  ASSERT_FALSE(proposal);
  EXPECT_EQ(proposal.error().code, ErrorCode::kExhausted);
  intake.full = false;
  ASSERT_TRUE(poll());
  EXPECT_TRUE(records.contains("a"));
}

TEST_F(PypiPollTest, FetchesAgainWhatTheSpoolDropped) {
  ASSERT_TRUE(poll());
  intake.blobs.clear();
  index.edit("a", a, [](json::object& file) { file["yanked"] = true; });
  ASSERT_TRUE(poll());
  EXPECT_TRUE(project("a").files(0).yanked());
  EXPECT_EQ(intake.taken, 3U);
}

TEST_F(PypiPollTest, AnIndexThatIsAwayIsAskedAgain) {
  pip_fails(
      "ERROR: Could not find a version that satisfies the requirement a (from versions: none)\n");
  index.server.answer("/simple/a/", {{.status = 503}});
  const auto proposal = poll();
  ASSERT_FALSE(proposal);
  EXPECT_EQ(proposal.error().code, ErrorCode::kUnavailable);
}

TEST_F(PypiPollTest, APythonWithoutPipIsNamed) {
  pip_fails("sluice: no pip that is known: No module named 'pip'");
  const auto proposal = poll();
  ASSERT_FALSE(proposal);
  EXPECT_THAT(proposal.error().cure, HasSubstr("python3-pip"));
  settings.python = "/no/such/python";
  EXPECT_FALSE(poll());
}

TEST_F(PypiPollTest, ADamagedCursorIsNamed) {
  for (const char* text : {"x", "{}", R"({"format":2})", R"({"format":1,"projects":[]})"}) {
    cursor = text;
    const auto proposal = poll();
    ASSERT_FALSE(proposal) << text;
    EXPECT_EQ(proposal.error().code, ErrorCode::kInvalid);
  }
}

}  // namespace
}  // namespace sluice::low::test
