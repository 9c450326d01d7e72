#include "highside/publish/npm/package_changes.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "common/base/hasher.h"
#include "highside/publish/npm/npm_pruner.h"
#include "tests/support/manual_clock.h"

namespace sluice::high {
namespace {

namespace json = boost::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

class PackageChangesTest : public testing::Test {
 protected:
  // Takes the change, if there is one; whether there was.
  bool take(MadeRecord made) {
    auto& record = made.value();
    if (record) {
      now_.emplace();
      now_->document = "@acme/x";
      now_->body = record->body();
      if (record->withdrawn()) {
        now_.reset();
      }
    }
    return record.has_value();
  }
  MadeRecord add(const std::string& version, const std::string& tag, const std::string& bytes) {
    const NewVersion added{version,
                           R"({"name":"@acme/x","version":")" + version + R"("})",
                           {sha256(as_bytes(bytes)), bytes.size(), {}}};
    const json::object document{{"name", "@acme/x"},
                                {"description", "ours"},
                                {"_attachments", json::object()},
                                {"dist-tags", json::object{{tag, version}}}};
    return with_version("@acme/x", added, document, clock_.utc_now(), now_);
  }
  proto::NpmPackage package() const {
    proto::NpmPackage package;
    EXPECT_TRUE(now_ && package.ParseFromString(now_->body));
    return package;
  }
  std::vector<std::string> versions() const {
    std::vector<std::string> all;
    const auto held = package();
    for (const auto& version : held.versions()) {
      all.push_back(version.version());
    }
    return all;
  }
  std::map<std::string, std::string> tags() const {
    const auto held = package();
    return {held.dist_tags().begin(), held.dist_tags().end()};
  }

  test::ManualClock clock_;
  std::optional<CatalogEntry> now_;
};

TEST_F(PackageChangesTest, VersionsStandInOrderAndTagsFollow) {
  EXPECT_TRUE(take(add("2.0.0-rc.1", "next", "a")));
  EXPECT_THAT(tags(),
              UnorderedElementsAre(Pair("next", "2.0.0-rc.1"), Pair("latest", "2.0.0-rc.1")));
  EXPECT_TRUE(take(add("1.10.0", "latest", "b")));
  EXPECT_TRUE(take(add("1.9.0", "old", "c")));
  EXPECT_THAT(versions(), ElementsAre("1.9.0", "1.10.0", "2.0.0-rc.1"));
  EXPECT_THAT(tags(), UnorderedElementsAre(Pair("next", "2.0.0-rc.1"), Pair("latest", "1.10.0"),
                                           Pair("old", "1.9.0")));
  EXPECT_EQ(package().extra(), R"({"description":"ours"})");
  EXPECT_EQ(package().time().at("1.9.0"), "2023-11-14T22:13:20.000Z");
}

TEST_F(PackageChangesTest, AVersionIsNeverReplaced) {
  take(add("1.0.0", "latest", "a"));
  EXPECT_FALSE(take(add("1.0.0", "latest", "a")));
  const auto other = add("1.0.0", "latest", "b");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kRefused);
}

TEST_F(PackageChangesTest, TagsAreSetAndTakenAway) {
  take(add("1.0.0", "latest", "a"));
  take(add("1.1.0", "latest", "b"));
  const auto tag = [&](const char* name, const char* version) {
    return with_tag("@acme/x", name, version, clock_.utc_now(), now_);
  };
  EXPECT_TRUE(take(tag("beta", "1.0.0")));
  EXPECT_FALSE(take(tag("beta", "1.0.0")));
  EXPECT_EQ(tags().at("beta"), "1.0.0");
  EXPECT_EQ(tag("beta", "3.0.0").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(tag("none", "").error().code, ErrorCode::kNotFound);
  for (const char* wrong : {"", "1.0", "v2", "x", "a b", "a/b"}) {
    EXPECT_EQ(tag(wrong, "1.0.0").error().code, ErrorCode::kInvalid) << wrong;
  }
  EXPECT_EQ(tag("latest", "").error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(take(tag("beta", "")));
  EXPECT_FALSE(tags().contains("beta"));
}

TEST_F(PackageChangesTest, DeprecationsAreSetAndTakenBack) {
  take(add("1.0.0", "latest", "a"));
  const auto say = [&](const char* note) {
    return with_deprecations(
        "@acme/x", {{"versions", json::object{{"1.0.0", json::object{{"deprecated", note}}}}}},
        clock_.utc_now(), now_);
  };
  EXPECT_TRUE(take(say("old")));
  EXPECT_FALSE(take(say("old")));
  EXPECT_THAT(package().versions(0).manifest(), HasSubstr(R"("deprecated":"old")"));
  EXPECT_TRUE(take(say("")));
  EXPECT_EQ(package().versions(0).manifest(), R"({"name":"@acme/x","version":"1.0.0"})");
}

TEST_F(PackageChangesTest, WhatIsTakenAwayTakesItsTagsAlong) {
  take(add("1.0.0", "latest", "a"));
  take(add("1.1.0", "latest", "b"));
  take(add("2.0.0-rc.1", "next", "c"));
  EXPECT_TRUE(take(with_versions("@acme/x", {"1.0.0", "2.0.0-rc.1"}, clock_.utc_now(), now_)));
  EXPECT_THAT(tags(), UnorderedElementsAre(Pair("latest", "1.0.0"), Pair("next", "2.0.0-rc.1")));
  EXPECT_FALSE(package().time().contains("1.1.0"));
  EXPECT_TRUE(take(with_versions("@acme/x", {}, clock_.utc_now(), now_)));
  EXPECT_FALSE(now_);
}

TEST_F(PackageChangesTest, ThePrunerTakesWhatNoTagNames) {
  take(add("1.0.0", "latest", "a"));
  take(add("1.1.0", "latest", "b"));
  take(add("1.2.0", "latest", "c"));
  take(with_tag("@acme/x", "lts", "1.0.0", clock_.utc_now(), now_));
  const NpmPruner pruner(clock_);
  EXPECT_THAT(pruner.loose(*now_).value(), ElementsAre("1.1.0"));
  take(MadeRecord(std::optional(pruner.without(*now_, {"1.1.0"}).value())));
  EXPECT_THAT(versions(), ElementsAre("1.0.0", "1.2.0"));
}

}  // namespace
}  // namespace sluice::high
