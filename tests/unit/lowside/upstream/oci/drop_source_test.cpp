#include "lowside/upstream/oci/drop_source.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <fstream>

#include "common/base/hasher.h"
#include "common/ecosystem/oci/manifest.h"
#include "common/ecosystem/oci/names.h"
#include "lowside/fetch/fetcher.h"
#include "sluice/oci.pb.h"
#include "tar.h"
#include "tests/support/events.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_intake.h"
#include "tests/support/sif_image.h"
#include "tests/support/temporary_folder.h"

namespace sluice::low {
namespace {

using test::pack_tar;
using test::TarMember;
using Members = std::vector<TarMember>;

std::string digest(std::string_view text) { return oci::digest_text(sha256(as_bytes(text))); }
std::string blob_file(std::string_view text) {
  return "blobs/sha256/" + sha256(as_bytes(text)).hex();
}

// What `docker save` made of an image with these layers, before it wrote OCI layouts.
Members saved(const std::string& names, const std::vector<std::string>& layers) {
  Members members;
  std::string config = R"({"rootfs":{"type":"layers","diff_ids":[)";
  std::string files;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string file = std::to_string(i) + "/layer.tar";
    config += (i == 0 ? "\"" : ",\"") + digest(layers[i]) + "\"";
    files += (i == 0 ? "\"" : ",\"") + file + "\"";
    members.push_back({file, layers[i]});
  }
  config += "]}}";
  members.push_back({"config.json", config});
  members.push_back({"manifest.json", R"([{"Config":"config.json","RepoTags":[)" + names +
                                          R"(],"Layers":[)" + files + "]}]"});
  return members;
}

class OciDropSourceTest : public testing::Test {
 protected:
  OciDropSourceTest() {
    settings_.name = "images";
    settings_.drop_folder = folder_ / "drop";
    settings_.serve_as = "images.example.org";
    settings_.settle = std::chrono::seconds(0);
    std::filesystem::create_directories(settings_.drop_folder);
    FetchSettings fetch;
    fetch.folder = folder_ / "fetch";
    fetcher_ = Fetcher::open(fetch, posix_file_system(), system_clock_, counters_, events_).value();
  }

  // Each file is a second younger than the one before.
  void drop(const std::string& path, const std::string& bytes) {
    const auto full = settings_.drop_folder / path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full, std::ios::binary | std::ios::trunc) << bytes;
    const timeval times[2] = {{++modified_, 0}, {modified_, 0}};
    ASSERT_EQ(::utimes(full.c_str(), times), 0);
  }

  Proposal poll() {
    if (source_ == nullptr) {
      source_ = std::make_unique<OciDropSource>(settings_, posix_file_system(), counters_, clock_);
    }
    PollContext context{*fetcher_, intake_, cursor_, folder_ / "work", stop_.get_token(), {}};
    Proposal proposal = source_->poll(context).value();
    cursor_ = proposal.cursor;
    return proposal;
  }
  // The one record of a poll without problems.
  proto::OciRepository shipped(const std::string& repository) {
    const Proposal proposal = poll();
    for (const Error& problem : proposal.problems) {
      ADD_FAILURE() << problem.message();
    }
    proto::OciRepository body;
    EXPECT_EQ(proposal.records.size(), 1U);
    if (proposal.records.size() == 1) {
      EXPECT_EQ(proposal.records[0].document(), "images.example.org/" + repository);
      EXPECT_TRUE(body.ParseFromString(proposal.records[0].body()));
    }
    return body;
  }
  // Nothing is shipped of what was dropped last, and the one archive is refused and told with this
  // word.
  void expect_refused(const std::string& word) {
    const auto before = counters_.get(observe::Metric::kImageArchivesRefused);
    const Proposal proposal = poll();
    EXPECT_TRUE(proposal.records.empty());
    EXPECT_EQ(counters_.get(observe::Metric::kImageArchivesRefused), before + 1);
    const bool is_told = std::ranges::any_of(proposal.problems, [&](const Error& problem) {
      return problem.message().find(word) != std::string::npos && !problem.cure.empty();
    });
    EXPECT_TRUE(is_told) << word << " is not in "
                         << (proposal.problems.empty() ? "no problem"
                                                       : proposal.problems[0].message());
    std::filesystem::remove_all(settings_.drop_folder);
    std::filesystem::create_directories(settings_.drop_folder);
  }
  static std::map<std::string, std::string> tags(const proto::OciRepository& body) {
    std::map<std::string, std::string> tags;
    for (const auto& [tag, sha256] : body.tags()) {
      tags[tag] = oci::digest_text(*Sha256Digest::from_bytes(as_bytes(sha256)));
    }
    return tags;
  }
  static std::set<std::string> blobs(const proto::OciRepository& body) {
    std::set<std::string> digests;
    for (const auto& blob : body.blobs()) {
      digests.insert(oci::digest_text(*Sha256Digest::from_bytes(as_bytes(blob.sha256()))));
    }
    return digests;
  }

  // An OCI layout of manifests with the annotations that follow each; `blobs` besides.
  static Members layout(const std::vector<std::pair<std::string, std::string>>& manifests,
                        const std::vector<std::string>& blobs) {
    std::string index = R"({"schemaVersion":2,"manifests":[)";
    Members members{{"oci-layout", R"({"imageLayoutVersion":"1.0.0"})"}};
    for (const auto& [manifest, annotations] : manifests) {
      const bool is_index = manifest.find("\"manifests\"") != std::string::npos;
      index += std::string(index.back() == '[' ? "" : ",") + R"({"mediaType":")" +
               std::string(is_index ? oci::kOciIndex : oci::kOciManifest) + R"(","digest":")" +
               digest(manifest) + R"(","size":)" + std::to_string(manifest.size()) +
               (annotations.empty() ? "" : R"(,"annotations":{)" + annotations + "}") + "}";
      members.push_back({blob_file(manifest), manifest});
    }
    for (const std::string& blob : blobs) {
      members.push_back({blob_file(blob), blob});
    }
    members.push_back({"index.json", index + "]}"});
    return members;
  }
  static std::string descriptor(std::string_view type, const std::string& blob) {
    return R"({"mediaType":")" + std::string(type) + R"(","digest":")" + digest(blob) +
           R"(","size":)" + std::to_string(blob.size()) + "}";
  }
  static std::string manifest(const std::string& layer, const std::string& more = "") {
    return R"({ "schemaVersion":2,"config":)" + descriptor("application/x", "{}") +
           R"(,"layers":[)" + descriptor("application/y", layer) + "]" + more + "}";
  }

  sluice::test::TemporaryFolder folder_;
  SystemClock system_clock_;
  sluice::test::ManualClock clock_;
  observe::Counters counters_;
  sluice::test::RecordedEvents events_;
  std::unique_ptr<Fetcher> fetcher_;
  test::MemoryIntake intake_;
  std::stop_source stop_;
  OciSettings settings_;
  std::string cursor_;
  std::time_t modified_ = 1'600'000'000;
  std::unique_ptr<OciDropSource> source_;
};

TEST_F(OciDropSourceTest, ASavedImageHasTheDigestsOfItsArchive) {
  const Members members = saved(R"("team/app:1","team/app:latest")", {"base", "top"});
  const std::string config = members[2].content;
  drop("app.tar", pack_tar(members));
  const auto body = shipped("team/app");
  EXPECT_EQ(blobs(body), (std::set{digest("base"), digest("top"), digest(config)}));
  const std::string made =
      digest(make_saved_manifest({sha256(as_bytes(config)), config.size()},
                                 {{sha256(as_bytes("base")), 4}, {sha256(as_bytes("top")), 3}}));
  EXPECT_EQ(tags(body), (std::map<std::string, std::string>{{"1", made}, {"latest", made}}));
  // Nothing new: nothing is read again.
  const std::size_t taken = intake_.taken;
  EXPECT_TRUE(poll().records.empty());
  EXPECT_EQ(intake_.taken, taken);
  EXPECT_TRUE(std::filesystem::exists(settings_.drop_folder / "app.tar"));
}

TEST_F(OciDropSourceTest, LinksBetweenLayersAreFollowedWithinTheArchive) {
  Members members = saved(R"("app:1")", {"same", "same", "same"});
  members[1] = {"1/layer.tar", "", "../0/layer.tar"};
  members[2] = {"2/layer.tar", "", "1/layer.tar", true};
  drop("app.tar.gz", pack_tar(members, true));
  const auto body = shipped("app");
  EXPECT_EQ(blobs(body), (std::set{digest("same"), digest(members[3].content)}));
}

TEST_F(OciDropSourceTest, AnOciArchiveKeepsItsManifestsBytes) {
  const std::string amd = manifest("for amd64");
  const std::string arm = manifest("for arm64");
  const std::string many = R"({"schemaVersion":2,"manifests":[)" +
                           descriptor(oci::kOciManifest, amd) + "," +
                           descriptor(oci::kOciManifest, arm) + "]}";
  const std::string signature = manifest(
      "signature", R"(,"artifactType":"a/b","subject":)" + descriptor(oci::kOciManifest, amd));
  drop("x.tar", pack_tar(layout({{many, R"("org.opencontainers.image.ref.name":"team/app:2")"},
                                 {signature, ""}},
                                {amd, arm, "{}", "for amd64", "for arm64", "signature"})));
  const auto body = shipped("team/app");
  EXPECT_EQ(tags(body), (std::map<std::string, std::string>{{"2", digest(many)}}));
  EXPECT_EQ(body.manifests_size(), 4);  // what refers to one of them came along
  EXPECT_EQ(body.blobs_size(), 4);
}

TEST_F(OciDropSourceTest, AFolderMayBeALayout) {
  const std::string only = manifest("layer");
  for (const TarMember& member : layout({{only, ""}}, {"{}", "layer"})) {
    drop("team/App/" + member.path, member.content);
  }
  EXPECT_EQ(tags(shipped("team/app")),
            (std::map<std::string, std::string>{{"latest", digest(only)}}));
}

TEST_F(OciDropSourceTest, WaitsUntilAnArchiveHasSettled) {
  settings_.settle = std::chrono::seconds(5);
  const std::string bytes = pack_tar(saved(R"("app:1")", {"layer"}));
  drop("app.tar.part", bytes);
  drop("app.tar", bytes.substr(0, bytes.size() / 2));
  EXPECT_TRUE(poll().records.empty());
  clock_.advance(std::chrono::seconds(4));
  drop("app.tar", bytes);
  EXPECT_TRUE(poll().records.empty());
  clock_.advance(std::chrono::seconds(5));
  shipped("app");
}

TEST_F(OciDropSourceTest, OfTwoArchivesTheYoungerHasTheName) {
  drop("b.tar", pack_tar(saved(R"("app:1")", {"old"})));
  const auto first = shipped("app");
  drop("a.tar", pack_tar(saved(R"("app:1")", {"new"})));
  const auto second = shipped("app");
  EXPECT_NE(tags(first), tags(second));
  EXPECT_TRUE(blobs(second).contains(digest("new")));
  EXPECT_EQ(second.manifests_size(), 2);  // the older stays for its time
  std::filesystem::remove_all(settings_.drop_folder);
  std::filesystem::create_directories(settings_.drop_folder);
  EXPECT_TRUE(poll().records.empty());  // what was shipped stays
}

TEST_F(OciDropSourceTest, AnotherDigestRefusesTheArchiveUntilItChanges) {
  Members members = saved(R"("app:1")", {"base", "top"});
  members[1].content = "pot";
  drop("app.tar", pack_tar(members));
  EXPECT_TRUE(poll().records.empty());
  EXPECT_EQ(counters_.get(observe::Metric::kImageArchivesRefused), 1U);
  const std::size_t taken = intake_.taken;
  const Proposal again = poll();
  EXPECT_EQ(intake_.taken, taken);
  ASSERT_EQ(again.problems.size(), 1U);
  EXPECT_NE(again.problems[0].message().find("app.tar"), std::string::npos);
  EXPECT_EQ(counters_.get(observe::Metric::kImageArchivesRefused), 1U);
  drop("app.tar", pack_tar(saved(R"("app:1")", {"base", "top"})));
  shipped("app");
}

TEST_F(OciDropSourceTest, ABlobLargerThanItsManifestSaysIsNotTaken) {
  const std::string only = manifest("layer");
  Members members = layout({{only, ""}}, {"{}", "layer"});
  members[3].content = "layer" + std::string(100'000, 'x');
  ASSERT_EQ(members[3].path, blob_file("layer"));
  drop("app.tar", pack_tar(members));
  EXPECT_TRUE(poll().records.empty());
  EXPECT_EQ(counters_.get(observe::Metric::kImageArchivesRefused), 1U);
  EXPECT_EQ(poll().problems.size(), 1U);
}

TEST_F(OciDropSourceTest, RefusesWhatIsNoArchiveOfImages) {
  struct Case {
    Members members;
    std::string word;
  };
  const std::string only = manifest("layer");
  Members without_layer = saved(R"("app:1")", {"layer"});
  without_layer[0].path = "elsewhere";
  Members packed_layer = saved(R"("app:1")", {"\x1f\x8b packed"});
  Members one_too_many = saved(R"("app:1")", {"layer"});
  one_too_many[1].content = R"({"rootfs":{"diff_ids":[]}})";
  Members upwards = saved(R"("app:1")", {"layer"});
  upwards.push_back({"../x", "x"});
  Members linked_out = saved(R"("app:1")", {"layer"});
  linked_out.push_back({"a/b", "", "../../x"});
  Members in_a_circle = saved(R"("app:1")", {"layer"});
  in_a_circle[0] = {"0/layer.tar", "", "layer.tar"};
  Members twice = saved(R"("app:1")", {"layer"});
  twice.push_back(twice[0]);
  Members of_2 = layout({{only, ""}}, {"{}", "layer"});
  of_2[0].content = R"({"imageLayoutVersion":"2.0.0"})";
  Members lacks_manifest = layout({{only, ""}}, {"{}", "layer"});
  lacks_manifest.erase(lacks_manifest.begin() + 1);
  const Case cases[] = {
      {{{"readme", "text"}}, "neither oci-layout"},
      {without_layer, "does not hold"},
      {packed_layer, "compressed layer"},
      {one_too_many, "gives 1 layers"},
      {upwards, "outside"},
      {linked_out, "outside"},
      {in_a_circle, "does not hold"},
      {twice, "twice"},
      {of_2, "version 1"},
      {lacks_manifest, "does not hold"},
      {{{"manifest.json", "["}}, "no JSON"},
      {{{"oci-layout", R"({"imageLayoutVersion":"1.0.0"})"}, {"index.json", "{}"}},
       "schemaVersion"},
  };
  for (const Case& one : cases) {
    drop("x.tar", pack_tar(one.members));
    expect_refused(one.word);
  }
  drop("x.tar", "no tar at all");
  expect_refused("does not unpack");
  const std::string whole = pack_tar(saved(R"("app:1")", {std::string(100'000, 'x')}));
  drop("x.tar", whole.substr(0, 50'000));
  expect_refused("does not unpack");
}

TEST_F(OciDropSourceTest, AnImageWithoutAProperNameIsLeftOutAlone) {
  const std::string good = manifest("good");
  const std::string bad = manifest("bad");
  drop("x.tar", pack_tar(layout({{good, R"("org.opencontainers.image.ref.name":"good:1")"},
                                 {bad, R"("org.opencontainers.image.ref.name":"Bad/Name:1")"}},
                                {"{}", "good", "bad"})));
  const Proposal proposal = poll();
  EXPECT_EQ(proposal.records.size(), 1U);
  ASSERT_EQ(proposal.problems.size(), 1U);
  EXPECT_NE(proposal.problems[0].message().find("Bad/Name"), std::string::npos);
  EXPECT_EQ(counters_.get(observe::Metric::kImageArchivesRefused), 0U);
}

TEST_F(OciDropSourceTest, ASifFileIsAnArtifactOfOneLayer) {
  sluice::test::SifImage image;
  image.objects = {{.data = "content"}};
  const std::string bytes = image.bytes();
  drop("team/Tool_1.2.sif", bytes);
  const auto body = shipped("team/tool");
  const std::string made = make_sif_manifest({sha256(as_bytes(bytes)), bytes.size()});
  EXPECT_EQ(tags(body), (std::map<std::string, std::string>{{"1.2", digest(made)}}));
  EXPECT_EQ(blobs(body), (std::set{digest("{}"), digest(bytes)}));
  const auto read = oci::read_manifest("made", made, "");
  ASSERT_TRUE(read);
  ASSERT_NE(oci::sif_layer(*read), nullptr);
  EXPECT_EQ(read->config->media_type, oci::kSifConfig);
  // Under the same name nothing else is taken.
  image.objects[0].data = "other";
  drop("team/Tool_1.2.sif", image.bytes());
  const Proposal moved = poll();
  EXPECT_TRUE(moved.records.empty());
  ASSERT_EQ(moved.problems.size(), 1U);
  EXPECT_NE(moved.problems[0].cause.find("keeps its name"), std::string::npos);
  EXPECT_EQ(counters_.get(observe::Metric::kSifMoves), 1U);
  // What is none is told and left alone.
  std::filesystem::remove(settings_.drop_folder / "team/Tool_1.2.sif");
  drop("bad.sif", "no image");
  const Proposal bad = poll();
  EXPECT_TRUE(bad.records.empty());
  ASSERT_FALSE(bad.problems.empty());
  EXPECT_EQ(counters_.get(observe::Metric::kSifMalformed), 1U);
  EXPECT_FALSE(poll().problems.empty());
  EXPECT_EQ(counters_.get(observe::Metric::kSifMalformed), 1U);
}

}  // namespace
}  // namespace sluice::low
