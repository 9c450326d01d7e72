// What differs between two editions, by ecosystem, in pages and as text.
#include "highside/daemon/snapshot_diff.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "highside/daemon/snapshot_text.h"
#include "sluice/apt.pb.h"
#include "sluice/file.pb.h"
#include "sluice/huggingface.pb.h"
#include "sluice/npm.pb.h"
#include "sluice/pypi.pb.h"
#include "tests/support/memory_store.h"

namespace sluice::high {
namespace {

namespace json = boost::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string digest(char c) { return std::string(32, c); }

class SnapshotDiffTest : public testing::Test {
 protected:
  void publish(const std::string& ecosystem, const std::string& document, const std::string& body) {
    proto::Shipment shipment;
    shipment.set_stream("s");
    shipment.set_sequence(++sequence_);
    proto::Record& record = *shipment.add_records();
    record.set_ecosystem(ecosystem);
    record.set_document(document);
    record.set_body(body);
    record.set_withdrawn(body.empty());
    ASSERT_TRUE(catalog_.publish({shipment, {&record}, UtcTime()}, {}));
  }
  // "changed version 1.0.0: was > is", digests cut.
  std::vector<std::string> items(std::uint64_t from, std::uint64_t to) {
    const json::value page =
        json::parse(diff_page(catalog_, Edition(from), Edition(to), "").value());
    std::vector<std::string> all;
    for (const json::value& document : page.at("changes").as_array()) {
      texts_ += difference_text(document.as_object());
      for (const json::value& item : document.at("items").as_array()) {
        const auto text = [&](const char* key) {
          return item.at(key).is_null() ? std::string("-") : std::string(item.at(key).as_string());
        };
        all.push_back(text("change") + " " + text("kind") + " " + text("name") + ": " +
                      text("was") + " > " + text("is"));
      }
    }
    return all;
  }

  sluice::test::MemoryStore index_;
  Catalog catalog_{index_};
  std::uint64_t sequence_ = 0;
  std::string texts_;
};

proto::NpmVersion& add_version(proto::NpmPackage& package, const std::string& number,
                               const std::string& more = "") {
  proto::NpmVersion& version = *package.add_versions();
  version.set_version(number);
  version.set_manifest("{\"name\":\"left-pad\"" + more + "}");
  version.set_tarball(digest('a'));
  return version;
}

TEST_F(SnapshotDiffTest, NpmByVersionTagAndDeprecation) {
  proto::NpmPackage package;
  add_version(package, "1.0.0");
  add_version(package, "1.1.0");
  (*package.mutable_dist_tags())["latest"] = "1.1.0";
  (*package.mutable_dist_tags())["old"] = "1.0.0";
  publish("npm", "left-pad", package.SerializeAsString());
  package.clear_versions();
  add_version(package, "1.0.0", R"(,"deprecated":"use another")");
  add_version(package, "2.0.0");
  (*package.mutable_dist_tags())["latest"] = "2.0.0";
  package.mutable_dist_tags()->erase("old");
  publish("npm", "left-pad", package.SerializeAsString());
  EXPECT_THAT(items(1, 2), ElementsAre("added deprecation 1.0.0: - > \"use another\"",
                                       "changed dist-tag latest: 1.1.0 > 2.0.0",
                                       "removed dist-tag old: 1.0.0 > -",
                                       HasSubstr("changed version 1.0.0: sha256:6161"),
                                       HasSubstr("removed version 1.1.0: sha256:"),
                                       HasSubstr("added version 2.0.0: - > sha256:")));
  EXPECT_THAT(texts_, HasSubstr("~ npm left-pad\n"));
  EXPECT_THAT(texts_, HasSubstr("    ~ dist-tag latest: 1.1.0 -> 2.0.0\n"));
  EXPECT_THAT(texts_, HasSubstr("    - dist-tag old: 1.0.0\n"));
}

TEST_F(SnapshotDiffTest, PypiByFileAndYank) {
  proto::PypiProject project;
  for (const char* name : {"tool-1.0.tar.gz", "tool-1.1.tar.gz"}) {
    proto::PypiFile& file = *project.add_files();
    file.set_filename(name);
    file.set_sha256(digest('a'));
  }
  publish("pypi", "tool", project.SerializeAsString());
  project.mutable_files(0)->set_yanked(true);
  project.mutable_files(0)->set_yanked_reason("it was broken");
  project.mutable_files(1)->set_requires_python(">=3.9");
  publish("pypi", "tool", project.SerializeAsString());
  EXPECT_THAT(items(1, 2),
              ElementsAre(testing::MatchesRegex(
                              "changed file tool-1.1.tar.gz: sha256:(61)+ > sha256:(61)+, requires "
                              "python >=3.9"),
                          "added yank tool-1.0.tar.gz: - > it was broken"));
  publish("pypi", "tool", "");
  EXPECT_EQ(items(2, 3).size(), 3U);
  EXPECT_THAT(items(1, 3),
              ElementsAre(HasSubstr("removed file tool-1.0"), HasSubstr("removed file tool-1.1")));
  EXPECT_THAT(texts_, HasSubstr("- pypi tool\n"));
}

TEST_F(SnapshotDiffTest, AptByPackageAndIndex) {
  proto::AptSuite suite;
  const auto add = [&](const std::string& path, char c) {
    proto::AptFile& file = *suite.add_files();
    file.set_path(path);
    file.set_sha256(digest(c));
  };
  add("dists/stable/InRelease", 'a');
  add("pool/main/h/hello/hello_2.10-3_amd64.deb", 'b');
  add("pool/main/h/hello/hello_2.10-3_arm64.deb", 'c');
  add("pool/main/x/odd.deb", 'd');
  publish("apt", "debian/stable", suite.SerializeAsString());
  suite.clear_files();
  add("dists/stable/InRelease", 'e');
  add("pool/main/h/hello/hello_2.10-3_amd64.deb", 'b');
  add("pool/main/h/hello/hello_2.12-1_amd64.deb", 'f');
  add("pool/main/x/odd.deb", 'd');
  publish("apt", "debian/stable", suite.SerializeAsString());
  EXPECT_THAT(
      items(1, 2),
      ElementsAre(HasSubstr("changed index dists/stable/InRelease: sha256:6161"),
                  testing::MatchesRegex("changed package hello amd64: 2.10-3 \\(sha256:(62)+\\) > "
                                        "2.10-3 \\(sha256:(62)+\\), 2.12-1 \\(sha256:(66)+\\)"),
                  HasSubstr("removed package hello arm64: 2.10-3 (sha256:6363")));
}

TEST_F(SnapshotDiffTest, HuggingFaceByBranchAndRevisionAndFilesByPath) {
  proto::HuggingFaceRefs refs;
  (*refs.mutable_commits())["main"] = std::string(40, 'a');
  publish("huggingface", "models/o/m", refs.SerializeAsString());
  (*refs.mutable_commits())["main"] = std::string(40, 'b');
  publish("huggingface", "models/o/m", refs.SerializeAsString());
  proto::HuggingFaceRevision revision;
  proto::HuggingFaceFile& file = *revision.add_files();
  file.set_path("config.json");
  file.set_sha256(digest('a'));
  publish("huggingface", "models/o/m@" + std::string(40, 'b'), revision.SerializeAsString());
  proto::FileEntry plain;
  plain.set_sha256(digest('c'));
  publish("file", "drop/x.run", plain.SerializeAsString());
  EXPECT_THAT(items(1, 4), ElementsAre(HasSubstr("added file drop/x.run: - > sha256:6363"),
                                       "changed branch main: " + std::string(40, 'a') + " > " +
                                           std::string(40, 'b'),
                                       HasSubstr("added file config.json: - > sha256:6161")));
}

// What the record says beside its items counts as well, and so does what cannot be taken apart.
TEST_F(SnapshotDiffTest, NoDifferenceIsMissed) {
  proto::NpmPackage package;
  add_version(package, "1.0.0");
  publish("npm", "left-pad", package.SerializeAsString());
  package.set_extra("{\"license\":\"MIT\"}");
  publish("npm", "left-pad", package.SerializeAsString());
  EXPECT_THAT(items(1, 2), ElementsAre(HasSubstr("changed record : sha256:")));
  publish("of-a-newer-version", "x", "body");
  EXPECT_THAT(items(2, 3), ElementsAre(HasSubstr("added record : - > sha256:")));
  publish("npm", "left-pad", package.SerializeAsString());  // the same once more
  EXPECT_THAT(items(3, 4), IsEmpty());
}

TEST_F(SnapshotDiffTest, PagesAddUp) {
  proto::Shipment shipment;
  shipment.set_stream("s");
  shipment.set_sequence(1);
  Catalog::Change change{shipment, {}, UtcTime()};
  for (int document = 0; document < 30; ++document) {
    proto::PypiProject project;
    for (int i = 0; i < 700; ++i) {
      proto::PypiFile& file = *project.add_files();
      file.set_filename("f" + std::to_string(i));
      file.set_sha256(digest('a'));
    }
    proto::Record& record = *shipment.add_records();
    record.set_ecosystem("pypi");
    record.set_document("p" + std::to_string(document));
    record.set_body(project.SerializeAsString());
  }
  for (const proto::Record& record : shipment.records()) {
    change.records.push_back(&record);
  }
  ASSERT_TRUE(catalog_.publish(change, {}));
  std::set<std::string> documents;
  std::size_t pages = 0;
  for (std::string behind;; ++pages) {
    const json::value page =
        json::parse(diff_page(catalog_, Edition(0), Edition(1), behind).value());
    for (const json::value& document : page.at("changes").as_array()) {
      EXPECT_TRUE(documents.insert(std::string(document.at("document").as_string())).second);
      EXPECT_EQ(document.at("items").as_array().size(), 700U);
    }
    if (page.at("next").is_null()) {
      break;
    }
    behind = page.at("next").as_string();
  }
  EXPECT_EQ(documents.size(), 30U);
  EXPECT_EQ(pages, 3U);
  EXPECT_EQ(diff_page(catalog_, Edition(0), Edition(1), "zz").error().code, ErrorCode::kInvalid);
}

TEST_F(SnapshotDiffTest, EditionsAreFoundByNameNumberAndCurrent) {
  publish("file", "x", "1");
  publish("file", "x", "2");
  const UtcTime now(std::chrono::seconds(100));
  ASSERT_TRUE(catalog_.editions().add({"q4", Edition(1), now, now + std::chrono::hours(1), ""}));
  EXPECT_EQ(find_edition(catalog_, now, "q4").value(), Edition(1));
  EXPECT_EQ(find_edition(catalog_, now, "2").value(), Edition(2));
  EXPECT_EQ(find_edition(catalog_, now, "current").value(), Edition(2));
  EXPECT_EQ(find_edition(catalog_, now, "3").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(find_edition(catalog_, now, "q5").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(find_edition(catalog_, now, "").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(find_edition(catalog_, now, "a/b").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(find_edition(catalog_, now + std::chrono::hours(1), "q4").error().code,
            ErrorCode::kNotFound);
  ASSERT_TRUE(catalog_.editions().retire(Edition(2), now + std::chrono::hours(1)));
  EXPECT_EQ(find_edition(catalog_, now, "1").error().code, ErrorCode::kNotFound);
}

TEST(KeepForTest, IsATimeOrYears) {
  EXPECT_EQ(read_keep_for("1y").value(), std::int64_t{365} * 86'400'000);
  EXPECT_EQ(read_keep_for("90d").value(), std::int64_t{90} * 86'400'000);
  EXPECT_EQ(read_keep_for("1h30m").value(), 5'400'000);
  for (const char* text : {"", "y", "1", "0d", "-1d", "1w", "1.5y", "99999y", "999999999d"}) {
    EXPECT_EQ(read_keep_for(text).error().code, ErrorCode::kInvalid) << text;
  }
}

}  // namespace
}  // namespace sluice::high
