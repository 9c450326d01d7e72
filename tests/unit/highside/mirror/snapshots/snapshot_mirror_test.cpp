// Every registry below the prefix of an edition or a name, joined as the daemon joins them.
#include "highside/mirror/snapshots/snapshot_mirror.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "common/http/router.h"
#include "highside/catalog/catalog.h"
#include "highside/daemon/registries.h"
#include "sluice/file.pb.h"
#include "sluice/huggingface.pb.h"
#include "sluice/pypi.pb.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_catalog.h"
#include "tests/support/memory_store.h"
#include "tests/unit/highside/mirror/npm/fakes.h"
#include "tests/unit/highside/mirror/oci/repository.h"

namespace sluice::high {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kForEver = "public, immutable, max-age=31536000";

class SnapshotMirrorTest : public testing::Test {
 protected:
  SnapshotMirrorTest() {
    publish(package("1.0.0"));
    publish(package("1.1.0"));
    publish(package("2.0.0"));
    add("q4", 2);
  }
  proto::Record package(const std::string& version) {
    test::Package made("left-pad", blobs_);
    made.add("1.0.0", "one");
    if (version != "1.0.0") {
      made.add(version, "of " + version);
    }
    return made.record();
  }
  proto::Record project() {
    proto::PypiProject project;
    project.set_name("tool");
    proto::PypiFile& file = *project.add_files();
    file.set_filename("tool-1.0.tar.gz");
    file.set_sha256(std::string(as_text(blobs_.add("tool's bytes").bytes())));
    return record("pypi", "tool", project.SerializeAsString());
  }
  static proto::Record record(const std::string& ecosystem, const std::string& document,
                              const std::string& body) {
    proto::Record made;
    made.set_ecosystem(ecosystem);
    made.set_document(document);
    made.set_body(body);
    return made;
  }
  void publish(const proto::Record& record) {
    proto::Shipment shipment;
    shipment.set_stream("s");
    shipment.set_sequence(++sequence_);
    ASSERT_TRUE(catalog_.publish({shipment, {&record}, clock_.utc_now()}, {}));
  }
  void add(const std::string& name, std::uint64_t edition, UtcTime expires = UtcTime()) {
    ASSERT_TRUE(
        catalog_.editions().add({name, Edition(edition), clock_.utc_now(), expires, "a note"}));
  }
  http::Response get(const std::string& path, const std::string& accept = "",
                     const std::string& method = "GET") {
    http::Request made;
    made.method = method;
    made.target = made.path = made.raw_path = path;
    made.headers.emplace("Host", "high.example:8080");
    if (!accept.empty()) {
      made.headers.emplace("Accept", accept);
    }
    return mirror_.handle(made);
  }
  static std::string text(const http::Response& response) {
    if (const auto* whole = std::get_if<std::string>(&response.body)) {
      return *whole;
    }
    if (const auto* range = std::get_if<http::SourceRange>(&response.body)) {
      std::string bytes(range->length, '\0');
      EXPECT_TRUE(range->source->read_at(
          range->offset, {reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()}));
      return bytes;
    }
    return "";
  }
  static std::string header(const http::Response& response, const std::string& name) {
    const auto found = response.headers.find(name);
    return found == response.headers.end() ? "" : found->second;
  }
  std::string latest(const std::string& prefix) {
    const auto response = get(prefix + "/npm/left-pad");
    EXPECT_EQ(response.status, 200U) << text(response);
    return std::string(json::parse(text(response)).at("dist-tags").at("latest").as_string());
  }

  sluice::test::ManualClock clock_;
  sluice::test::MemoryStore index_;
  test::MemoryBlobs blobs_;
  AptKeyrings archives_;
  std::string authority_;
  std::string oci_namespace_ = "docker.io";
  Namespaces site_;
  Catalog catalog_{index_};
  std::uint64_t sequence_ = 0;
  std::size_t sets_made_ = 0;
  SnapshotMirror mirror_{
      catalog_, catalog_.editions(), clock_,
      [this](const std::string& prefix, const CatalogReader& catalog) -> http::Handler {
        ++sets_made_;
        auto router = std::make_shared<http::Router>();
        mount_registries(*router, prefix,
                         {catalog, blobs_, archives_, authority_, oci_namespace_, site_}, 1 << 20);
        return [router](const http::Request& request) { return router->handle(request); };
      }};
};

TEST_F(SnapshotMirrorTest, EachEditionAnswersAsItWas) {
  EXPECT_EQ(latest("/edition/1"), "1.0.0");
  EXPECT_EQ(latest("/edition/2"), "1.1.0");
  EXPECT_EQ(latest("/edition/3"), "2.0.0");
  EXPECT_EQ(latest("/snapshot/q4"), "1.1.0");
  publish(package("3.0.0"));
  EXPECT_EQ(latest("/snapshot/q4"), "1.1.0");
  EXPECT_EQ(latest("/edition/3"), "2.0.0");
}

TEST_F(SnapshotMirrorTest, LinksStayBelowThePrefix) {
  for (const std::string prefix : {"/edition/2", "/snapshot/q4"}) {
    const json::value packument = json::parse(text(get(prefix + "/npm/left-pad")));
    for (const auto& [version, manifest] : packument.at("versions").as_object()) {
      const std::string url(manifest.at("dist").at("tarball").as_string());
      const std::string base = "http://high.example:8080";
      ASSERT_THAT(url, testing::StartsWith(base + prefix + "/npm/"));
      const auto tarball = get(url.substr(base.size()));
      EXPECT_EQ(tarball.status, 200U);
      EXPECT_EQ(text(tarball), version == "1.0.0" ? "one" : "of 1.1.0");
    }
  }
  publish(project());
  const auto page = text(get("/edition/4/pypi/simple/tool/", "text/html"));
  EXPECT_THAT(page, HasSubstr("\"../../packages/tool/tool-1.0.tar.gz#"));
  EXPECT_EQ(text(get("/edition/4/pypi/packages/tool/tool-1.0.tar.gz")), "tool's bytes");
  EXPECT_EQ(text(get("/edition/4/repository/pypi-hosted/packages/tool/tool-1.0.tar.gz")),
            "tool's bytes");
  EXPECT_EQ(get("/edition/3/pypi/simple/tool/").status, 404U);
  proto::FileEntry file;
  file.set_sha256(std::string(as_text(blobs_.add("installer").bytes())));
  publish(record("file", "drop/sub/x.run", file.SerializeAsString()));
  EXPECT_EQ(header(get("/edition/5/files/drop/sub"), "Location"), "/edition/5/files/drop/sub/");
  EXPECT_EQ(text(get("/edition/5/files/drop/sub/x.run")), "installer");
  EXPECT_EQ(get("/edition/4/files/drop/sub/x.run").status, 404U);
  proto::HuggingFaceRefs refs;
  (*refs.mutable_commits())["main"] = std::string(40, 'a');
  publish(record("huggingface", "models/org/m", refs.SerializeAsString()));
  EXPECT_THAT(text(get("/edition/6/hf/api/models/org/m/refs")), HasSubstr(std::string(40, 'a')));
  EXPECT_EQ(get("/edition/5/hf/api/models/org/m/refs").status, 404U);
}

TEST_F(SnapshotMirrorTest, ImagesStayBelowThePrefix) {
  test::OciSource source(blobs_);
  const Sha256Digest first = source.image("first");
  for (const char* tag : {"1.0", "latest"}) {
    source.tag(tag, first);
  }
  publish(source.record());  // edition 4
  add("images", 4);
  source.tag("latest", source.image("second"));
  publish(source.record());
  for (const std::string prefix : {"/edition/4", "/snapshot/images"}) {
    const auto manifest = get(prefix + "/v2/tiny/manifests/latest");
    EXPECT_EQ(header(manifest, "Docker-Content-Digest"), oci::digest_text(first));
    http::Request list;
    list.method = "GET";
    list.path = list.raw_path = prefix + "/v2/library/tiny/tags/list";
    list.query = "n=1";
    EXPECT_EQ(header(mirror_.handle(list), "Link"),
              "<" + prefix + "/v2/library/tiny/tags/list?last=1.0&n=1>; rel=\"next\"");
  }
  EXPECT_NE(header(get("/edition/5/v2/tiny/manifests/latest"), "Docker-Content-Digest"),
            oci::digest_text(first));
  EXPECT_EQ(get("/edition/3/v2/tiny/manifests/latest").status, 404U);
}

TEST_F(SnapshotMirrorTest, ClientsAreSetUpForIt) {
  EXPECT_THAT(text(get("/snapshot/q4/setup/npmrc")),
              HasSubstr("http://high.example:8080/snapshot/q4/npm/"));
}

TEST_F(SnapshotMirrorTest, OnlyNumbersAreForEver) {
  EXPECT_EQ(header(get("/edition/2/npm/left-pad"), "Cache-Control"), kForEver);
  EXPECT_EQ(header(get("/snapshot/q4/npm/left-pad"), "Cache-Control"), "no-cache");
  EXPECT_EQ(header(get("/snapshot/q4/npm/left-pad/-/left-pad-1.1.0.tgz"), "Cache-Control"),
            kForEver);  // its bytes are named by their version, wherever it stands
  EXPECT_EQ(header(get("/edition/2/npm/none"), "Cache-Control"), "");
  EXPECT_NE(header(get("/edition/2/setup/npmrc"), "Cache-Control"), kForEver);
  EXPECT_NE(header(get("/edition/2/apt/"), "Cache-Control"), kForEver);
}

TEST_F(SnapshotMirrorTest, WhatIsNotThereIsNamedAtOnceWithWhatThereIs) {
  for (const auto& [path, says] : std::vector<std::pair<std::string, std::string>>{
           {"/edition/4/npm/left-pad", "edition 4: there is none of that number (the current one"},
           {"/edition/x/npm/left-pad", "edition x"},
           {"/edition/02/npm/left-pad", "edition 02"},
           {"/edition/-1/npm/left-pad", "edition -1"},
           {"/edition/99999999999999999999999/npm/left-pad", "edition 9999"},
           {"/edition//npm/left-pad", "edition : there is none"},
           {"/snapshot/q5/npm/left-pad", "snapshot q5: there is none of that name"},
           {"/snapshot/q%34/npm/left-pad", "snapshot q%34"},
           {"/snapshot//npm/left-pad", "snapshot : there is none"},
           {"/edition/2/nowhere", "nothing is served"}}) {
    const auto response = get(path);
    EXPECT_EQ(response.status, 404U) << path;
    EXPECT_THAT(text(response), HasSubstr(says)) << path;
  }
  // A snapshot will never have it: that is no wish which the low side could fulfil.
  EXPECT_EQ(header(get("/snapshot/q4/npm/none"), "Sluice-Wanted"), "");
  EXPECT_THAT(text(get("/snapshot/q5/npm/x")), HasSubstr("sluice-high snapshot create"));
}

TEST_F(SnapshotMirrorTest, WhatExpiredOrWasDroppedIsGone) {
  add("short", 1, clock_.utc_now() + std::chrono::hours(1));
  EXPECT_EQ(latest("/snapshot/short"), "1.0.0");
  clock_.advance(std::chrono::hours(1));
  EXPECT_THAT(text(get("/snapshot/short/npm/left-pad")), HasSubstr("it is not kept any more"));
  EXPECT_EQ(get("/snapshot/short/npm/left-pad").status, 404U);
  ASSERT_TRUE(catalog_.editions().retire(Edition(3), clock_.utc_now()));
  EXPECT_EQ(get("/edition/1/npm/left-pad").status, 404U);
  EXPECT_THAT(text(get("/edition/1/npm/left-pad")), HasSubstr("editions 3 to 3 can be read"));
  EXPECT_EQ(latest("/edition/2"), "1.1.0");  // it has a name
  EXPECT_EQ(latest("/snapshot/q4"), "1.1.0");
  ASSERT_TRUE(catalog_.editions().remove("q4"));
  EXPECT_EQ(get("/edition/2/npm/left-pad").status, 404U);
}

TEST_F(SnapshotMirrorTest, ANameThatWasGivenAgainShowsItsNewEdition) {
  EXPECT_EQ(latest("/snapshot/q4"), "1.1.0");
  ASSERT_TRUE(catalog_.editions().remove("q4"));
  add("q4", 3);
  EXPECT_EQ(latest("/snapshot/q4"), "2.0.0");
}

// It is dropped while the answer is being made.
TEST_F(SnapshotMirrorTest, ADroppedEditionGivesNoTornAnswer) {
  SnapshotMirror mirror(catalog_, catalog_.editions(), clock_,
                        [this](const std::string&, const CatalogReader&) -> http::Handler {
                          return [this](const http::Request&) {
                            EXPECT_TRUE(catalog_.editions().retire(Edition(3), clock_.utc_now()));
                            return http::json_response("half");
                          };
                        });
  http::Request request;
  request.method = "GET";
  request.path = request.raw_path = "/edition/1/npm/left-pad";
  const auto response = mirror.handle(request);
  EXPECT_EQ(response.status, 404U);
  EXPECT_THAT(text(response), HasSubstr("not kept any more"));
}

TEST_F(SnapshotMirrorTest, ListsWhatThereIs) {
  for (const char* path : {"/snapshot", "/snapshot/", "/edition/"}) {
    const json::value listing = json::parse(text(get(path)));
    EXPECT_EQ(listing.at("current"), 3);
    EXPECT_EQ(listing.at("oldest"), 0);
    const json::value& first = listing.at("snapshots").at(0);
    EXPECT_EQ(first.at("name"), "q4");
    EXPECT_EQ(first.at("edition"), 2);
    EXPECT_TRUE(first.at("expires").is_null());
    EXPECT_EQ(first.at("note"), "a note");
  }
  EXPECT_EQ(json::parse(text(get("/snapshot/q4/"))).at("edition"), 2);
  EXPECT_EQ(json::parse(text(get("/edition/1/"))).at("edition"), 1);
  EXPECT_EQ(header(get("/snapshot/q4"), "Location"), "/snapshot/q4/");
  EXPECT_EQ(get("/snapshot/", "", "POST").status, 405U);
}

TEST_F(SnapshotMirrorTest, KeepsAFewSetsAndMakesOthersAgain) {
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(latest("/edition/1"), "1.0.0");
    EXPECT_EQ(latest("/snapshot/q4"), "1.1.0");
  }
  EXPECT_EQ(sets_made_, 2U);
  for (std::size_t i = 0; i < SnapshotMirror::kMaxPinned; ++i) {
    add("more-" + std::to_string(i), 3);
    EXPECT_EQ(latest("/snapshot/more-" + std::to_string(i)), "2.0.0");
  }
  EXPECT_EQ(sets_made_, 2 + SnapshotMirror::kMaxPinned);
  EXPECT_EQ(latest("/edition/1"), "1.0.0");
  EXPECT_EQ(sets_made_, 3 + SnapshotMirror::kMaxPinned);
}

}  // namespace
}  // namespace sluice::high
