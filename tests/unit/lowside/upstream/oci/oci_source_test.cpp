#include "lowside/upstream/oci/oci_source.h"

#include <gtest/gtest.h>

#include <fstream>

#include "lowside/fetch/fetcher.h"
#include "scripted_registry.h"
#include "sluice/oci.pb.h"
#include "tests/support/events.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_intake.h"
#include "tests/support/sif_image.h"
#include "tests/support/temporary_folder.h"

namespace sluice::low {
namespace {

class OciSourceTest : public testing::Test {
 protected:
  OciSourceTest() {
    settings_.name = "images";
    settings_.registry = registry_.uri();
    settings_.serve_as = "registry.example.org";
    settings_.images = {"team/app:1"};
    FetchSettings fetch;
    fetch.folder = folder_ / "fetch";
    fetch.attempts = 1;
    fetcher_ = Fetcher::open(fetch, posix_file_system(), system_clock_, counters_, events_).value();
  }

  Result<Proposal> poll() {
    if (source_ == nullptr) {
      source_ = std::make_unique<OciSource>(settings_, counters_, clock_);
    }
    PollContext context{*fetcher_, intake_, cursor_, folder_ / "work", stop_.get_token(), {}};
    context.list_closure = list_closure_;
    Result<Proposal> proposal = source_->poll(context);
    if (proposal) {
      cursor_ = proposal->cursor;
    }
    return proposal;
  }
  // The settings have changed.
  void reload() { source_.reset(); }

  // Of the one record that the poll brings.
  proto::OciRepository shipped() {
    const Proposal proposal = poll().value();
    for (const Error& problem : proposal.problems) {
      ADD_FAILURE() << problem.message();
    }
    return body_of(proposal);
  }
  static proto::OciRepository body_of(const Proposal& proposal) {
    proto::OciRepository body;
    EXPECT_EQ(proposal.records.size(), 1U);
    if (proposal.records.size() == 1) {
      EXPECT_EQ(proposal.records[0].document(), "registry.example.org/team/app");
      EXPECT_TRUE(body.ParseFromString(proposal.records[0].body()));
      EXPECT_EQ(static_cast<int>(proposal.blobs.size()), body.manifests_size() + body.blobs_size());
      EXPECT_EQ(proposal.records[0].blobs_size(), body.manifests_size() + body.blobs_size());
    }
    return body;
  }
  void expect_nothing_new() {
    const Proposal proposal = poll().value();
    EXPECT_TRUE(proposal.records.empty());
    EXPECT_TRUE(proposal.problems.empty());
  }
  // Nothing is shipped, and one problem has this word.
  void expect_refused(const std::string& word) {
    const Proposal proposal = poll().value();
    EXPECT_TRUE(proposal.records.empty());
    EXPECT_TRUE(std::ranges::any_of(proposal.problems, [&](const Error& problem) {
      return problem.message().find(word) != std::string::npos;
    })) << (proposal.problems.empty() ? "no problem" : proposal.problems[0].message());
  }
  static std::set<std::string> manifests(const proto::OciRepository& body) {
    std::set<std::string> digests;
    for (const auto& manifest : body.manifests()) {
      digests.insert(oci::digest_text(*Sha256Digest::from_bytes(as_bytes(manifest.sha256()))));
    }
    return digests;
  }
  static std::map<std::string, std::string> tags(const proto::OciRepository& body) {
    std::map<std::string, std::string> tags;
    for (const auto& [tag, digest] : body.tags()) {
      tags[tag] = oci::digest_text(*Sha256Digest::from_bytes(as_bytes(digest)));
    }
    return tags;
  }
  using Digests = std::set<std::string>;

  sluice::test::TemporaryFolder folder_;
  test::ScriptedRegistry registry_;
  SystemClock system_clock_;
  sluice::test::ManualClock clock_;
  observe::Counters counters_;
  sluice::test::RecordedEvents events_;
  std::unique_ptr<Fetcher> fetcher_;
  test::MemoryIntake intake_;
  std::stop_source stop_;
  OciSettings settings_;
  std::string cursor_;
  bool list_closure_ = false;
  std::unique_ptr<OciSource> source_;
};

TEST_F(OciSourceTest, ShipsAnImageAndThenOnlyAsksForItsHead) {
  const std::string image = registry_.put_image("a", {"one", "two"}, {"1"});
  const auto body = shipped();
  EXPECT_EQ(body.name(), "registry.example.org/team/app");
  EXPECT_EQ(manifests(body), Digests{image});
  EXPECT_EQ(body.manifests(0).media_type(), oci::kOciManifest);
  EXPECT_EQ(body.manifests(0).subject(), "");
  EXPECT_EQ(body.blobs_size(), 3);
  EXPECT_EQ(tags(body), (std::map<std::string, std::string>{{"1", image}}));
  const std::size_t gets = registry_.count("GET", image);
  expect_nothing_new();
  EXPECT_EQ(registry_.count("GET", image), gets + 1);  // its referrers
  EXPECT_EQ(registry_.count("HEAD", "/manifests/1"), 2U);
}

TEST_F(OciSourceTest, ATagOfASifImageNeverMovesToOtherBytes) {
  const auto put = [&](const std::string& content, const std::string& tag,
                       const std::string& more = "") {
    sluice::test::SifImage image;
    image.objects = {{.data = content}};
    const auto descriptor = [&](const std::string& bytes, std::string_view type) {
      return R"({"mediaType":")" + std::string(type) + R"(","digest":")" +
             registry_.put_blob(bytes) + R"(","size":)" + std::to_string(bytes.size()) + "}";
    };
    return registry_.put_manifest(R"({"schemaVersion":2,"config":)" +
                                      descriptor("{}", oci::kSifConfig) + R"(,"layers":[)" +
                                      descriptor(image.bytes(), oci::kSifLayer) + "]" + more + "}",
                                  oci::kOciManifest, {tag});
  };
  settings_.images = {"team/app:1", "team/app:2"};
  put("first", "1");
  put("first", "2");
  shipped();
  // Another manifest of the same image is no move; another image is, and so is one of another kind.
  const std::string noted = put("first", "1", R"(,"annotations":{"a":"b"})");
  EXPECT_EQ(tags(shipped()).at("1"), noted);
  put("second", "1");
  registry_.put_image("a", {"layer"}, {"2"});
  const Proposal proposal = poll().value();
  EXPECT_TRUE(proposal.records.empty());
  ASSERT_EQ(proposal.problems.size(), 2U);
  EXPECT_NE(proposal.problems[0].message().find("team/app:1: a SIF image keeps its name"),
            std::string::npos);
  EXPECT_EQ(counters_.get(observe::Metric::kSifMoves), 2U);
}

// What one manifest calls something else is looked at all the same.
TEST_F(OciSourceTest, ASifImageIsLookedAtWhateverElseNamesIt) {
  const std::string bytes = "no SIF image";
  const auto put = [&](std::string_view type, const std::string& tag) {
    const auto descriptor = [&](const std::string& blob, std::string_view kind) {
      return R"({"mediaType":")" + std::string(kind) + R"(","digest":")" +
             registry_.put_blob(blob) + R"(","size":)" + std::to_string(blob.size()) + "}";
    };
    registry_.put_manifest(R"({"schemaVersion":2,"config":)" + descriptor("{}", oci::kSifConfig) +
                               R"(,"layers":[)" + descriptor(bytes, type) + "]}",
                           oci::kOciManifest, {tag});
  };
  settings_.images = {"team/app:1", "team/app:2"};
  put("application/octet-stream", "1");
  put(oci::kSifLayer, "2");
  const Proposal proposal = poll().value();
  EXPECT_TRUE(proposal.records.empty());
  EXPECT_EQ(counters_.get(observe::Metric::kSifMalformed), 1U);
  EXPECT_FALSE(intake_.blobs.contains(Digest(sha256(as_bytes(bytes)))));
  EXPECT_EQ(intake_.quarantined.size(), 1U);
}

TEST_F(OciSourceTest, FollowsATagThatMoves) {
  const std::string first = registry_.put_image("a", {"base", "one"}, {"1"});
  shipped();
  const std::size_t bases = registry_.count("GET", oci::digest_text(sha256(as_bytes("base"))));
  const std::string second = registry_.put_image("b", {"base", "two"}, {"1"});
  const auto body = shipped();
  EXPECT_EQ(manifests(body), (Digests{first, second}));
  EXPECT_EQ(tags(body).at("1"), second);
  // What both share came once.
  EXPECT_EQ(bases, 1U);
  EXPECT_EQ(registry_.count("GET", oci::digest_text(sha256(as_bytes("base")))), 1U);
  // What no tag leads to stays for its time.
  clock_.advance(std::chrono::hours(24 * 89));
  expect_nothing_new();
  clock_.advance(std::chrono::hours(48));
  EXPECT_EQ(manifests(shipped()), Digests{second});
}

TEST_F(OciSourceTest, ATagThatGoesStays) {
  const std::string image = registry_.put_image("a", {"one"}, {"1", "2"});
  settings_.images = {"team/app:1", "team/app:2"};
  shipped();
  registry_.remove("1");
  const Proposal proposal = poll().value();
  EXPECT_TRUE(proposal.records.empty());
  ASSERT_EQ(proposal.problems.size(), 1U);
  EXPECT_NE(proposal.problems[0].cure.find("stays as it was"), std::string::npos);
}

TEST_F(OciSourceTest, TakesTagsByPatternAndRangeOverPages) {
  registry_.page = 2;
  for (const char* tag : {"1.0.0", "1.1.0", "1.2.0", "2.0.0", "1.1-alpine", "1.2-alpine", "edge"}) {
    registry_.put_image(tag, {"one"}, {tag});
  }
  settings_.images = {"team/app:^1.1", "team/app:*-alpine"};
  settings_.exclude = {"1.1-*"};
  const auto found = tags(shipped());
  Digests names;
  for (const auto& [tag, digest] : found) {
    names.insert(tag);
  }
  EXPECT_EQ(names, (Digests{"1.1.0", "1.2.0", "1.2-alpine"}));
  reload();
  settings_.images = {"team/app:>=9"};
  expect_refused("none of its tags");
}

TEST_F(OciSourceTest, KeepsAnIndexAndLeavesPlatformsOut) {
  const std::string amd = registry_.put_image("amd", {"one"});
  const std::string arm = registry_.put_image("arm", {"two"});
  const std::string index = registry_.put_index({{amd, "amd64"}, {arm, "arm64"}}, {"1"});
  settings_.platforms = {"linux/arm64"};
  EXPECT_EQ(manifests(shipped()), (Digests{index, arm}));
  reload();
  settings_.platforms = {};
  EXPECT_EQ(manifests(shipped()), (Digests{index, amd, arm}));
  reload();
  settings_.platforms = {"windows/amd64"};
  const Proposal proposal = poll().value();  // stays as it is, and is named
  EXPECT_FALSE(proposal.problems.empty());
}

TEST_F(OciSourceTest, PinsADigest) {
  const std::string image = registry_.put_image("a", {"one"});
  settings_.images = {"team/app@" + image};
  const auto body = shipped();
  EXPECT_EQ(manifests(body), Digests{image});
  EXPECT_TRUE(body.tags().empty());
  clock_.advance(std::chrono::hours(24 * 365));
  expect_nothing_new();
}

TEST_F(OciSourceTest, BringsWhatRefersToAnImage) {
  const std::string image = registry_.put_image("a", {"one"}, {"1"});
  const std::string subject = R"(,"subject":)" + registry_.describe_manifest(image);
  const std::string sbom = registry_.put_image(
      "sbom", {"sbom"}, {},
      subject + R"(,"artifactType":"application/x-sbom","annotations":{"k":"v"})");
  const std::string of_sbom =
      registry_.put_image("sig", {"sig"}, {}, R"(,"subject":)" + registry_.describe_manifest(sbom));
  const auto body = shipped();
  EXPECT_EQ(manifests(body), (Digests{image, sbom, of_sbom}));
  for (const auto& manifest : body.manifests()) {
    if (manifest.artifact_type() == "application/x-sbom") {
      EXPECT_EQ(manifest.annotations().at("k"), "v");
      EXPECT_EQ(manifest.subject(), std::string(as_text(oci::parse_digest(image)->bytes())));
    }
  }
  // One that comes later comes along.
  const std::string later = registry_.put_image("later", {"later"}, {}, subject);
  EXPECT_EQ(manifests(shipped()), (Digests{image, sbom, of_sbom, later}));
}

TEST_F(OciSourceTest, BringsLegacyTagsOfWhatItHas) {
  registry_.has_referrers = false;
  const std::string image = registry_.put_image("a", {"one"}, {"1"});
  const std::string tag = oci::legacy_tag(*oci::parse_digest(image)) + ".sig";
  const std::string signature = registry_.put_image("sig", {"sig"}, {tag});
  registry_.put_image("other", {"other"}, {"sha256-" + std::string(64, 'a') + ".sig"});
  const auto body = shipped();
  EXPECT_EQ(manifests(body), (Digests{image, signature}));
  EXPECT_EQ(tags(body).at(tag), signature);
  EXPECT_EQ(registry_.count("GET", "/referrers/" + image), 1U);
  EXPECT_EQ(registry_.count("GET", "/referrers/" + signature), 0U);  // once was enough
  reload();
  settings_.referrers = false;
  expect_nothing_new();
}

TEST_F(OciSourceTest, ShipsNothingOfAnImageThatIsNotWhole) {
  registry_.put_image("a", {"one", "two"}, {"1"});
  const std::string layer = oci::digest_text(sha256(as_bytes("two")));
  registry_.remove(layer);
  expect_refused("team/app:1");
  registry_.replace_blob(layer, "lie");  // of its size and another digest
  expect_refused("digest");
  registry_.put_blob("two");
  EXPECT_EQ(tags(shipped()).size(), 1U);
}

TEST_F(OciSourceTest, AMoveThatCannotBeHadLeavesTheTag) {
  const std::string first = registry_.put_image("a", {"one"}, {"1"});
  shipped();
  registry_.put_image("b", {"two"}, {"1"});
  registry_.remove(oci::digest_text(sha256(as_bytes("two"))));
  expect_refused("team/app:1");
  const std::string third = registry_.put_image("c", {"three"}, {"1"});
  EXPECT_EQ(tags(shipped()).at("1"), third);
}

// The high side would refuse the whole shipment.
TEST_F(OciSourceTest, RefusesAnImageThatGivesAnotherSizeToALayerOfAnother) {
  registry_.put_image("a", {"one"}, {"1"});
  shipped();
  const std::string layer = oci::digest_text(sha256(as_bytes("one")));
  registry_.put_manifest(R"({"schemaVersion":2,"config":{"mediaType":"x/y","digest":")" + layer +
                             R"(","size":4},"layers":[]})",
                         oci::kOciManifest, {"1"});
  expect_refused("another size");
}

TEST_F(OciSourceTest, RefusesAManifestThatIsNone) {
  registry_.put_manifest(R"({"schemaVersion":1,"fsLayers":[]})",
                         "application/vnd.docker.distribution.manifest.v1+json", {"1"});
  expect_refused("schemaVersion");
}

TEST_F(OciSourceTest, DoesWithoutTheDigestInTheHead) {
  registry_.says_digest = false;
  const std::string image = registry_.put_image("a", {"one"}, {"1"});
  EXPECT_EQ(manifests(shipped()), Digests{image});
}

TEST_F(OciSourceTest, NothingGoesFromTheHighSideWhileTheRegistryRests) {
  const std::string first = registry_.put_image("a", {"one"}, {"1"});
  shipped();
  intake_.blobs.clear();  // the spool has dropped it
  registry_.put_image("b", {"two"}, {"1"});
  registry_.server.answer("/v2/team/app/blobs/" + oci::digest_text(sha256(as_bytes("one"))),
                          {{.status = 503}});
  expect_refused("neither held here any longer");
  registry_.server.answer("/v2/team/app/blobs/" + oci::digest_text(sha256(as_bytes("one"))),
                          {{.status = 404}});
  const Proposal proposal = poll().value();  // gone for good: the rest goes on
  EXPECT_FALSE(proposal.problems.empty());
  EXPECT_FALSE(manifests(body_of(proposal)).contains(first));
}

TEST_F(OciSourceTest, AsksForATokenAndKeepsIt) {
  registry_.needs_token = true;
  registry_.put_image("a", {"one", "two"}, {"1"});
  EXPECT_EQ(tags(shipped()).size(), 1U);
  expect_nothing_new();
  const auto asked = registry_.server.requests("/token");
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].target, "/token?service=scripted&scope=repository:team/app:pull");
  EXPECT_EQ(asked[0].header("authorization"), "");
  clock_.advance(std::chrono::minutes(6));  // it has aged
  expect_nothing_new();
  EXPECT_EQ(registry_.server.requests("/token").size(), 2U);
}

TEST_F(OciSourceTest, ReplacesATokenThatIsNoLongerTaken) {
  registry_.needs_token = true;
  registry_.put_image("a", {"one"}, {"1"});
  shipped();
  registry_.token = "second";
  registry_.put_image("b", {"two"}, {"1"});
  EXPECT_EQ(tags(shipped()).size(), 1U);
  EXPECT_EQ(registry_.server.requests("/token").size(), 2U);
}

TEST_F(OciSourceTest, CredentialsGoToTheTokenServerAndTheTokenToTheRegistry) {
  test::ScriptedRegistry token_server;
  token_server.user = "dXNlcjpwYTpzcw==";
  registry_.needs_token = true;
  registry_.token_path = token_server.server.uri("/token");
  const std::string image = registry_.put_image("a", {"one"}, {"1"});
  // A layer that is elsewhere: nothing that lets us in goes there.
  sluice::test::HttpServer content;
  content.answer("/layer", {{.body = "one"}});
  registry_.server.handle("/v2/team/app/blobs/" + oci::digest_text(sha256(as_bytes("one"))),
                          [&](const sluice::test::Seen&) {
                            return sluice::test::Answer{
                                .status = 307, .headers = {{"Location", content.uri("/layer")}}};
                          });
  expect_refused("does not let us");
  reload();
  settings_.credentials = folder_ / "credentials";
  std::ofstream(settings_.credentials) << "user:pa:ss\n";
  EXPECT_EQ(manifests(shipped()), Digests{image});
  for (const auto& seen : registry_.server.all_requests()) {
    EXPECT_FALSE(seen.header("authorization").starts_with("Basic")) << seen.target;
  }
  ASSERT_EQ(content.requests("/layer").size(), 1U);
  EXPECT_EQ(content.requests("/layer")[0].header("authorization"), "");
}

TEST_F(OciSourceTest, ARegistryThatIsAwayFailsThePollAsAWhole) {
  registry_.down = 503;
  EXPECT_EQ(poll().error().code, ErrorCode::kUnavailable);
  registry_.down = 429;
  EXPECT_EQ(poll().error().code, ErrorCode::kUnavailable);
}

TEST_F(OciSourceTest, ListsAClosureAlsoOfWhatIsShipped) {
  const std::string image = registry_.put_image("a", {"one"}, {"1"});
  list_closure_ = true;
  const Proposal first = poll().value();
  ASSERT_EQ(first.closure.size(), 4U);  // the manifest, its configuration and layer; the tag
  const Proposal second = poll().value();
  EXPECT_TRUE(second.records.empty());
  ASSERT_EQ(second.closure.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(second.closure[i].SerializeAsString(), first.closure[i].SerializeAsString());
  }
  // Another request of the same repository: what was shipped before is besides.
  reload();
  registry_.put_image("b", {"two"}, {"2"});
  settings_.images = {"team/app:2"};
  const Proposal third = poll().value();
  EXPECT_EQ(third.closure.size(), 4U);
  EXPECT_EQ(third.besides.size(), 3U);
  EXPECT_EQ(tags(body_of(third)).size(), 2U);
}

TEST_F(OciSourceTest, AFullDiskEndsThePoll) {
  registry_.put_image("a", {"one"}, {"1"});
  intake_.full = true;
  EXPECT_EQ(poll().error().code, ErrorCode::kExhausted);
}

}  // namespace
}  // namespace sluice::low
