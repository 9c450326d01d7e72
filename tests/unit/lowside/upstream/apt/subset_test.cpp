#include "common/ecosystem/apt/compression.h"
#include "common/ecosystem/apt/gpg_verify.h"
#include "common/ecosystem/apt/keyring.h"
#include "common/ecosystem/apt/package.h"
#include "common/ecosystem/apt/release.h"
#include "tests/unit/lowside/upstream/apt/apt_source_fixture.h"

namespace sluice::low {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Mode = AptSettings::Mode;
using observe::Metric;

class AptSubset : public AptSourceTest {
 protected:
  apt::Release release_of(const std::map<std::string, std::string>& all,
                          const std::string& suite = "stable") {
    const Bytes keyring = apt::load_keyring({folder_ / "site" / "site.asc"}, "").value();
    const auto text =
        apt::verify_in_release("InRelease", all.at("dists/" + suite + "/InRelease"), keyring, {})
            .value();
    EXPECT_TRUE(apt::verify_release("Release", all.at("dists/" + suite + "/Release"),
                                    all.at("dists/" + suite + "/Release.gpg"), keyring, {}));
    return apt::parse_release("InRelease", text.text).value();
  }
};

TEST_F(AptSubset, PublishesExactlyTheClosureUnderTheSitesSignature) {
  const auto proposal = poll(settings(Mode::kSubset));
  ASSERT_TRUE(proposal) << proposal.error().message();
  EXPECT_THAT(proposal->problems, IsEmpty());
  ASSERT_THAT(proposal->records, SizeIs(1));
  const auto all = files(proposal->records[0]);
  EXPECT_THAT(debs(all), ElementsAre("data_7~rc1_all.deb", "hello_1%3a2.10+b1_amd64.deb",
                                     "libgreet_1.2_amd64.deb"));
  const auto release = release_of(all);
  EXPECT_EQ(release.origin, "Test");
  EXPECT_EQ(release.codename, "stable");
  EXPECT_TRUE(release.acquire_by_hash);
  EXPECT_EQ(release.date, clock_.now);
  EXPECT_EQ(body(proposal->records[0]).mode(), proto::AptSuite::SUBSET);
  // Each index is as listed, and holds the upstream's stanzas byte for byte.
  const std::string upstream =
      apt::inflate("p", archive_.read("dists/stable/main/binary-amd64/Packages.xz")).value();
  for (const char* name : {"Packages", "Packages.xz", "Packages.gz"}) {
    const std::string path = std::string("main/binary-amd64/") + name;
    const auto* listed = release.find(path);
    ASSERT_NE(listed, nullptr) << path;
    const std::string& bytes = all.at("dists/stable/" + path);
    EXPECT_EQ(listed->size, bytes.size());
    EXPECT_EQ(listed->sha256, sha256(as_bytes(bytes)));
    std::vector<std::string> names;
    apt::for_each_package("p", apt::inflate("p", bytes).value(),
                          [&](const apt::PackageStanza& package) -> Result<void> {
                            names.emplace_back(package.name);
                            EXPECT_THAT(upstream, HasSubstr(package.raw));
                            return {};
                          })
        .value();
    EXPECT_THAT(names, testing::UnorderedElementsAre("data", "hello", "libgreet"));
  }
  EXPECT_EQ(served("unrelated_3_amd64.deb"), 0U);
}

TEST_F(AptSubset, BringsTheSourcesOfItsPackagesOnRequest) {
  archive_.add(
      {.name = "data", .version = "8", .architecture = "all", .fields = "Source: hello (2.9)\n"});
  for (const char* version : {"2.9", "1:2.10+b1"}) {
    archive_.add_source("hello", version);
  }
  archive_.add_source("unrelated", "3");
  archive_.publish(suite_);
  auto wanted = settings(Mode::kSubset);
  wanted.source_packages = true;
  const auto proposal = poll(wanted);
  ASSERT_TRUE(proposal) << proposal.error().message();
  ASSERT_THAT(proposal->problems, SizeIs(1));
  EXPECT_THAT(proposal->problems[0].message(),
              HasSubstr("source package libgreet 1.2: no suite of the source has it"));
  EXPECT_THAT(paths(*proposal, ".dsc"), ElementsAre("pool/main/h/hello/hello_2.10+b1.dsc",
                                                    "pool/main/h/hello/hello_2.9.dsc"));
  EXPECT_THAT(paths(*proposal, ".tar.xz"), ElementsAre("pool/main/h/hello/hello_2.10+b1.tar.xz",
                                                       "pool/main/h/hello/hello_2.9.tar.xz"));
  const auto release = release_of(files(proposal->records[0]));
  EXPECT_NE(release.find("main/source/Sources.xz"), nullptr);
  EXPECT_THAT(release.architectures, ElementsAre("amd64"));
}

TEST_F(AptSubset, ASourcePackageThatLacksAFileIsLeftOutWhole) {
  archive_.add_source("hello", "1:2.10+b1");
  archive_.publish(suite_);
  intake_.refused.insert("hello_2.10+b1.tar.xz");
  auto wanted = settings(Mode::kSubset);
  wanted.source_packages = true;
  const auto proposal = poll(wanted);
  ASSERT_TRUE(proposal) << proposal.error().message();
  EXPECT_THAT(paths(*proposal, "hello_2.10+b1."), IsEmpty());
  EXPECT_THAT(debs(files(proposal->records[0])), SizeIs(3));
}

TEST_F(AptSubset, IsTheSameUntilSomethingOfItChanges) {
  ASSERT_TRUE(poll(settings(Mode::kSubset)));
  clock_.now += std::chrono::hours(1);
  EXPECT_THAT(poll(settings(Mode::kSubset))->records, IsEmpty());
  // The archive changes, the closure does not.
  archive_.add({.name = "newcomer", .version = "1"});
  suite_.date += std::chrono::hours(1);
  archive_.publish(suite_);
  EXPECT_THAT(poll(settings(Mode::kSubset))->records, IsEmpty());
  // A new version of a dependency, with this machine's clock set back: the date still grows.
  archive_.add({.name = "libgreet", .version = "1.10", .depends = "data"});
  suite_.date += std::chrono::hours(1);
  archive_.publish(suite_);
  const UtcTime published = clock_.now - std::chrono::hours(1);
  clock_.now -= std::chrono::hours(48);
  const auto proposal = poll(settings(Mode::kSubset));
  ASSERT_THAT(proposal->records, SizeIs(1));
  const auto all = files(proposal->records[0]);
  EXPECT_THAT(debs(all), ElementsAre("data_7~rc1_all.deb", "hello_1%3a2.10+b1_amd64.deb",
                                     "libgreet_1.10_amd64.deb"));
  EXPECT_EQ(release_of(all).date, published + std::chrono::seconds(1));
}

TEST_F(AptSubset, NamesWhatItCannotHaveAndGoesOnWithTheRest) {
  archive_.add({.name = "broken", .version = "1", .depends = "nowhere"});
  archive_.publish(suite_);
  auto wanted = settings(Mode::kSubset);
  wanted.packages = {"hello", "no-such-package", "broken", "data=9", "-o", "hello-"};
  const auto proposal = poll(wanted);
  ASSERT_TRUE(proposal) << proposal.error().message();
  ASSERT_THAT(proposal->records, SizeIs(1));
  EXPECT_THAT(debs(files(proposal->records[0])), SizeIs(3));
  std::map<std::string, Error> problems;
  for (const auto& problem : proposal->problems) {
    problems.emplace(problem.thing, problem);
  }
  EXPECT_THAT(proposal->problems, SizeIs(5));
  EXPECT_THAT(problems.at("no-such-package").cause, HasSubstr("no suite"));
  EXPECT_NE(problems.at("no-such-package").cure, "");
  EXPECT_THAT(problems.at("broken").cause, HasSubstr("nowhere"));
  EXPECT_THAT(problems.at("data=9").cause, HasSubstr("Version '9' for 'data' was not found"));
  EXPECT_EQ(problems.at("-o").code, ErrorCode::kInvalid);
  EXPECT_EQ(problems.at("hello-").code, ErrorCode::kNotFound);
  EXPECT_EQ(count(Metric::kWantUnresolved), 5U);
  // They are told again while they last.
  EXPECT_THAT(poll(wanted)->problems, SizeIs(5));
}

TEST_F(AptSubset, ResolvesPackagesThatConflictOneByOne) {
  archive_.add({.name = "first", .version = "1", .fields = "Conflicts: second\n"});
  archive_.add({.name = "second", .version = "1", .depends = "data"});
  archive_.publish(suite_);
  auto wanted = settings(Mode::kSubset);
  wanted.packages = {"first", "second"};
  const auto proposal = poll(wanted);
  ASSERT_TRUE(proposal);
  EXPECT_THAT(proposal->problems, IsEmpty());
  EXPECT_THAT(debs(files(proposal->records.at(0))),
              ElementsAre("data_7~rc1_all.deb", "first_1_amd64.deb", "second_1_amd64.deb"));
}

TEST_F(AptSubset, ResolvesOverSeveralSuitesAndComponents) {
  archive_.add({.name = "extra", .version = "1", .depends = "hello", .component = "contrib"});
  archive_.publish(suite_);
  test::TestSuite security = suite_;
  security.name = "stable-security";
  test::AptArchive fixes;
  fixes.add({.name = "libgreet", .version = "1.2+fix1", .depends = "data"});
  fixes.publish(security);
  server_.handle("/security/", [&](const test::Seen& seen) {
    std::string path = seen.target.substr(10);
    if (const auto plus = path.find("%2b"); plus != std::string::npos) {
      path.replace(plus, 3, "+");
    }
    return std::filesystem::is_regular_file(fixes.path(path))
               ? test::Answer{.body = fixes.read(path)}
               : test::Answer{.status = 404};
  });
  auto wanted = settings(Mode::kSubset);
  wanted.packages = {"extra"};
  wanted.suites[0].components = {"main", "contrib"};
  wanted.suites.push_back(
      {server_.uri("/security"), "stable-security", {"main"}, {}, {}, fixes.key().armored()});
  const auto proposal = poll(wanted);
  ASSERT_TRUE(proposal) << proposal.error().message();
  EXPECT_THAT(proposal->problems, IsEmpty());
  ASSERT_THAT(proposal->records, SizeIs(2));
  EXPECT_THAT(
      debs(files(proposal->records[0])),
      ElementsAre("extra_1_amd64.deb", "data_7~rc1_all.deb", "hello_1%3a2.10+b1_amd64.deb"));
  EXPECT_THAT(debs(files(proposal->records[1])), ElementsAre("libgreet_1.2+fix1_amd64.deb"));
}

TEST_F(AptSubset, LeavesOutWhatPolicyRefuses) {
  intake_.refused = {"data_7~rc1_all.deb"};
  const auto proposal = poll(settings(Mode::kSubset));
  ASSERT_TRUE(proposal);
  EXPECT_THAT(debs(files(proposal->records.at(0))),
              ElementsAre("hello_1%3a2.10+b1_amd64.deb", "libgreet_1.2_amd64.deb"));
  ASSERT_THAT(proposal->problems, SizeIs(1));
  EXPECT_EQ(proposal->problems[0].code, ErrorCode::kRefused);
}

TEST_F(AptSubset, ShipsNothingWhenAPackageLies) {
  lie("pool/main/d/data/data_7~rc1_all.deb",
      {.body = archive_.read("pool/main/l/libgreet/libgreet_1.2_amd64.deb")});
  const auto result = poll(settings(Mode::kSubset));
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().thing, HasSubstr("data"));
  tell_the_truth();
  EXPECT_THAT(poll(settings(Mode::kSubset))->records, SizeIs(1));
}

TEST_F(AptSubset, GoesOnWithWhatWasAcceptedBeforeWhenTheArchiveIsDown) {
  ASSERT_TRUE(poll(settings(Mode::kSubset)));
  lie("dists/stable/InRelease", {.status = 503});
  auto more = settings(Mode::kSubset);
  more.packages.emplace_back("unrelated");
  const auto proposal = poll(more);
  ASSERT_TRUE(proposal) << proposal.error().message();
  ASSERT_THAT(proposal->problems, SizeIs(1));
  EXPECT_EQ(proposal->problems[0].code, ErrorCode::kUnavailable);
  EXPECT_THAT(debs(files(proposal->records.at(0))), SizeIs(4));
}

TEST_F(AptSubset, EveryPackageIsListedWhetherItIsNewOrShipped) {
  list_closure_ = true;
  const auto first = poll(settings(Mode::kSubset)).value();
  const auto shown = debs(files(first.records.at(0)));
  ASSERT_EQ(first.closure.size(), shown.size());
  std::set<std::string> named(first.besides.begin(), first.besides.end());
  for (const proto::PlanNode& node : first.closure) {
    EXPECT_EQ(node.document(), "debian/stable");
    EXPECT_TRUE(files(first.records[0]).contains(node.item())) << node.item();
    named.insert(node.sha256());
  }
  for (const std::string& blob : first.records[0].blobs()) {  // an approval covers all of them
    EXPECT_TRUE(named.contains(blob));
  }
  const auto again = poll(settings(Mode::kSubset)).value();
  EXPECT_TRUE(again.records.empty());
  EXPECT_EQ(again.closure.size(), first.closure.size());
}

TEST_F(AptSubset, NeedsItsKey) {
  auto without = settings(Mode::kSubset);
  without.signing_home = folder_ / "nowhere";
  const auto result = poll(without);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(result.error().cure, HasSubstr("init"));
}

TEST(SiteKey, IsMadeOnceAndIsPrivate) {
  const test::TemporaryFolder folder;
  generate_site_key(folder / "site", {}).value();
  const std::string key = site_public_key(folder / "site").value();
  generate_site_key(folder / "site", {}).value();
  EXPECT_EQ(site_public_key(folder / "site").value(), key);
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(folder / "site" / "site.key").permissions(),
            perms::owner_read | perms::owner_write);
}

TEST(AptSettings, NameWhatCannotBe) {
  AptSettings good;
  good.name = "a";
  good.archive = "debian";
  good.sources = {"/x.list"};
  good.packages = {"hello"};
  good.signing_home = "/key";
  EXPECT_TRUE(check_settings(good));
  const auto breaks = [&](const std::function<void(AptSettings&)>& change) {
    AptSettings bad = good;
    change(bad);
    const auto result = check_settings(bad);
    return !result && result.error().code == ErrorCode::kInvalid;
  };
  EXPECT_TRUE(breaks([](AptSettings& s) { s.archive = "a/b"; }));
  EXPECT_TRUE(breaks([](AptSettings& s) { s.archive = ".."; }));
  EXPECT_TRUE(breaks([](AptSettings& s) { s.sources.clear(); }));
  EXPECT_TRUE(breaks([](AptSettings& s) { s.packages.clear(); }));
  EXPECT_TRUE(breaks([](AptSettings& s) { s.signing_home.clear(); }));
  EXPECT_TRUE(breaks([](AptSettings& s) { s.extras = {"sources"}; }));
}

}  // namespace
}  // namespace sluice::low
