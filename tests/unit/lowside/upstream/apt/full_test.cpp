#include "tests/unit/lowside/upstream/apt/apt_source_fixture.h"

namespace sluice::low {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Mode = AptSettings::Mode;
using observe::Metric;

using AptFull = AptSourceTest;

TEST_F(AptFull, CarriesTheVendorsBytesAndEveryPackage) {
  const auto proposal = poll(settings(Mode::kFull));
  ASSERT_TRUE(proposal) << proposal.error().message();
  EXPECT_THAT(proposal->problems, IsEmpty());
  ASSERT_THAT(proposal->records, SizeIs(1));
  EXPECT_EQ(proposal->records[0].document(), "debian/stable");
  const auto all = files(proposal->records[0]);
  EXPECT_THAT(debs(all), ElementsAre("data_7~rc1_all.deb", "hello_1%3a2.10+b1_amd64.deb",
                                     "libgreet_1.2_amd64.deb", "unrelated_3_amd64.deb"));
  std::vector<std::string> others;
  for (const auto& [path, bytes] : all) {
    EXPECT_EQ(bytes, archive_.read(path)) << path;
    if (!path.ends_with(".deb")) {
      others.push_back(path);
    }
  }
  EXPECT_THAT(others,
              ElementsAre("dists/stable/InRelease", "dists/stable/Release",
                          "dists/stable/Release.gpg", "dists/stable/main/binary-amd64/Packages.gz",
                          "dists/stable/main/binary-amd64/Packages.xz"));
  EXPECT_EQ(body(proposal->records[0]).date_micros(), to_unix_micros(suite_.date));
  EXPECT_EQ(body(proposal->records[0]).mode(), proto::AptSuite::FULL);
  EXPECT_THAT(proposal->blobs, SizeIs(all.size()));
}

TEST_F(AptFull, CarriesSourcePackagesOnRequest) {
  archive_.add_source("hello", "1:2.10+b1");
  archive_.publish(suite_);
  EXPECT_THAT(paths(poll(settings(Mode::kFull)).value(), "hello_2.10+b1"), IsEmpty());
  auto wanted = settings(Mode::kFull);
  wanted.source_packages = true;
  const auto proposal = poll(wanted);
  ASSERT_TRUE(proposal) << proposal.error().message();
  ASSERT_THAT(proposal->records, SizeIs(1)) << "asking for sources is a change";
  EXPECT_THAT(
      paths(*proposal, "hello_2.10+b1"),
      ElementsAre("pool/main/h/hello/hello_2.10+b1.dsc", "pool/main/h/hello/hello_2.10+b1.tar.xz"));
  EXPECT_THAT(paths(*proposal, "/Sources"), ElementsAre("dists/stable/main/source/Sources.gz",
                                                        "dists/stable/main/source/Sources.xz"));
  for (const auto& [path, bytes] : files(proposal->records[0])) {
    EXPECT_EQ(bytes, archive_.read(path)) << path;
  }
}

TEST_F(AptFull, AnArchiveWithoutSourcesSaysSo) {
  auto wanted = settings(Mode::kFull);
  wanted.source_packages = true;
  const auto proposal = poll(wanted);
  ASSERT_TRUE(proposal) << proposal.error().message();
  ASSERT_THAT(proposal->problems, SizeIs(1));
  EXPECT_THAT(proposal->problems[0].message(), HasSubstr("no Sources of component main"));
}

TEST_F(AptFull, ShipsNothingWhenNothingChanged) {
  ASSERT_TRUE(poll(settings(Mode::kFull)));
  const auto packages = served("Packages.xz") + served(".deb");
  const auto again = poll(settings(Mode::kFull));
  ASSERT_TRUE(again);
  EXPECT_THAT(again->records, IsEmpty());
  EXPECT_EQ(served("Packages.xz") + served(".deb"), packages);
  const auto asked = server_.requests("/debian/dists/stable/InRelease");
  ASSERT_THAT(asked, SizeIs(2));
  EXPECT_NE(asked[1].header("if-none-match"), "");
}

TEST_F(AptFull, FetchesOnlyWhatIsNew) {
  ASSERT_TRUE(poll(settings(Mode::kFull)));
  archive_.add({.name = "newcomer", .version = "1"});
  suite_.date += std::chrono::hours(1);
  archive_.publish(suite_);
  const auto before = served(".deb");
  const auto proposal = poll(settings(Mode::kFull));
  ASSERT_TRUE(proposal);
  ASSERT_THAT(proposal->records, SizeIs(1));
  EXPECT_THAT(debs(files(proposal->records[0])), SizeIs(5));
  EXPECT_EQ(served(".deb"), before + 1);
}

TEST_F(AptFull, TakesAnArchiveWithoutInRelease) {
  suite_.in_release = false;
  suite_.by_hash = false;
  archive_.publish(suite_);
  const auto proposal = poll(settings(Mode::kFull));
  ASSERT_TRUE(proposal) << proposal.error().message();
  const auto all = files(proposal->records.at(0));
  EXPECT_FALSE(all.contains("dists/stable/InRelease"));
  EXPECT_EQ(all.at("dists/stable/Release.gpg"), archive_.read("dists/stable/Release.gpg"));
  EXPECT_THAT(poll(settings(Mode::kFull))->records, IsEmpty());
}

TEST_F(AptFull, RefusesARollback) {
  ASSERT_TRUE(poll(settings(Mode::kFull)));
  suite_.date -= std::chrono::hours(1);
  archive_.publish(suite_);
  const auto cursor = cursor_;
  const auto result = poll(settings(Mode::kFull));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kOutdated);
  EXPECT_THAT(result.error().message(), HasSubstr("debian/stable: the archive went back"));
  EXPECT_EQ(count(Metric::kUpstreamRollback), 1U);
  EXPECT_EQ(cursor_, cursor);
}

TEST_F(AptFull, RefusesWhatHasExpired) {
  suite_.valid_until = clock_.now - std::chrono::hours(1);
  archive_.publish(suite_);
  const auto result = poll(settings(Mode::kFull));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kOutdated);
  EXPECT_THAT(result.error().cause, HasSubstr("expired"));
  EXPECT_EQ(count(Metric::kUpstreamRollback), 1U);
}

TEST_F(AptFull, RefusesAWrongKey) {
  const test::GpgKey other;
  archive_.sign(suite_, other);
  const auto result = poll(settings(Mode::kFull));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kIntegrity);
  EXPECT_THAT(result.error().message(), HasSubstr("keys that the keyring does not hold"));
  EXPECT_EQ(count(Metric::kUpstreamBadSignature), 1U);
}

TEST_F(AptFull, RefusesGarbageAndWhatIsCutOff) {
  lie("dists/stable/InRelease", {.body = "<html>welcome</html>"});
  auto result = poll(settings(Mode::kFull));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(count(Metric::kUpstreamGarbage), 1U);

  const std::string whole = archive_.read("dists/stable/InRelease");
  lie("dists/stable/InRelease", {.body = whole.substr(0, whole.size() / 2)});
  result = poll(settings(Mode::kFull));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kIntegrity);

  tell_the_truth();
  EXPECT_TRUE(poll(settings(Mode::kFull)));
}

TEST_F(AptFull, RefusesAnIndexWithAnotherDigest) {
  suite_.by_hash = false;
  archive_.publish(suite_);
  std::string index = archive_.read("dists/stable/main/binary-amd64/Packages.xz");
  index[index.size() / 2] = static_cast<char>(index[index.size() / 2] ^ 1);
  lie("dists/stable/main/binary-amd64/Packages.xz", {.body = index});
  const auto result = poll(settings(Mode::kFull));
  ASSERT_TRUE(result);
  EXPECT_THAT(result->records, IsEmpty());
  ASSERT_THAT(result->problems, SizeIs(1));
  EXPECT_EQ(result->problems[0].code, ErrorCode::kIntegrity);
  EXPECT_THAT(result->problems[0].thing, HasSubstr("Packages.xz"));
  EXPECT_EQ(count(Metric::kUpstreamBadDigest), 1U);
  tell_the_truth();
  EXPECT_THAT(poll(settings(Mode::kFull))->records, SizeIs(1));
}

TEST_F(AptFull, ShipsNothingWhileAPackageIsMissingOrWrong) {
  const std::string path = "pool/main/l/libgreet/libgreet_1.2_amd64.deb";
  std::string bytes = archive_.read(path);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  for (const auto& answer :
       {test::Answer{.body = bytes}, test::Answer{.status = 404}, test::Answer{.body = "short"}}) {
    lie(path, answer);
    const auto result = poll(settings(Mode::kFull));
    ASSERT_TRUE(result);
    EXPECT_THAT(result->records, IsEmpty());
    ASSERT_THAT(result->problems, SizeIs(1));
    EXPECT_THAT(result->problems[0].thing, HasSubstr("libgreet"));
  }
  tell_the_truth();
  const auto result = poll(settings(Mode::kFull));
  ASSERT_TRUE(result);
  EXPECT_THAT(result->records, SizeIs(1));
}

TEST_F(AptFull, OneSuiteThatFailsDoesNotHoldUpAnother) {
  auto two = settings(Mode::kFull);
  two.suites.push_back(archive_suite("missing"));
  auto wrong = archive_suite();
  wrong.suite = "stable";
  wrong.uri += "/other";
  two.suites.push_back(wrong);
  const auto result = poll(two);
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_THAT(result->records, SizeIs(1));
  ASSERT_THAT(result->problems, SizeIs(2));
  EXPECT_THAT(result->problems[0].cause, HasSubstr("has the same name"));
  EXPECT_EQ(result->problems[1].code, ErrorCode::kNotFound);
}

TEST_F(AptFull, NamesAComponentThatIsNotThere) {
  auto wrong = settings(Mode::kFull);
  wrong.suites[0].components = {"main", "nonfree"};
  const auto result = poll(wrong);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message(), HasSubstr("component nonfree"));
  EXPECT_THAT(result.error().cure, HasSubstr("main"));
}

TEST_F(AptFull, WithdrawsASuiteThatIsNoLongerConfigured) {
  test::TestSuite other = suite_;
  other.name = "testing";
  archive_.publish(other);
  auto both = settings(Mode::kFull);
  both.suites.push_back(archive_suite("testing"));
  ASSERT_THAT(poll(both)->records, SizeIs(2));
  const auto result = poll(settings(Mode::kFull));
  ASSERT_TRUE(result);
  ASSERT_THAT(result->records, SizeIs(1));
  EXPECT_EQ(result->records[0].document(), "debian/testing");
  EXPECT_TRUE(result->records[0].withdrawn());
  EXPECT_THAT(poll(settings(Mode::kFull))->records, IsEmpty());
}

TEST_F(AptFull, ReadsTheMachinesKindOfSources) {
  auto from_file = settings(Mode::kFull);
  from_file.suites.clear();
  from_file.sources = {folder_ / "test.list"};
  write_keyring("test.list", "deb [signed-by=" + (folder_ / "archive.asc").string() + "] " +
                                 server_.uri("/debian") + " stable main\n");
  EXPECT_THAT(poll(from_file)->records, SizeIs(1));
  write_keyring("test.list", "deb nonsense\n");
  EXPECT_THAT(poll(from_file).error().message(), HasSubstr("test.list, line 1"));
  from_file.sources = {folder_ / "none.sources"};
  EXPECT_EQ(poll(from_file).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace sluice::low
