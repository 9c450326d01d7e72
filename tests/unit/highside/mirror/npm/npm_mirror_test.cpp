#include "highside/mirror/npm/npm_mirror.h"

#include <gtest/gtest.h>

#include "tests/unit/highside/mirror/npm/fakes.h"

namespace sluice::high {
namespace {

namespace json = boost::json;
using test::Package;

class NpmMirrorTest : public testing::Test {
 protected:
  NpmMirrorTest() {
    Package semver("semver", blobs);
    semver
        .add("7.5.8", "semver tarball",
             R"(,"description":"The parser","keywords":["Range"],"scripts":{"install":"x"},)"
             R"("dependencies":{"lru":"^1"},"readme":"long","os":["linux"],"weight":1.0e2)")
        .add("8.0.0-rc.1", "next tarball");
    auto& tags = *semver.package.mutable_dist_tags();
    tags["latest"] = "7.5.8";
    tags["next"] = "8.0.0-rc.1";
    (*semver.package.mutable_time())["modified"] = "2024-03-03T03:03:03.000Z";
    semver.package.set_extra(R"({"readme":"# hello","license":"ISC"})");
    catalog.publish(semver.record());
    Package types("@types/semver", blobs);
    types.add("7.5.8", "types tarball");
    catalog.publish(types.record());
  }

  static http::Request request(const std::string& path, http::Headers headers = {},
                               const std::string& method = "GET") {
    http::Request made;
    made.method = method;
    made.target = made.path = made.raw_path = path;
    if (const std::size_t mark = path.find('?'); mark != std::string::npos) {
      made.query = path.substr(mark + 1);
      made.path = made.raw_path = path.substr(0, mark);
    }
    made.headers = std::move(headers);
    made.headers.emplace("Host", "high.example:8080");
    return made;
  }
  http::Response get(const std::string& path, http::Headers headers = {},
                     const std::string& method = "GET") {
    return mirror.handle(request(path, std::move(headers), method));
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
  static json::object object(const http::Response& response) {
    return json::parse(text(response)).as_object();
  }
  static std::string header(const http::Response& response, const std::string& name) {
    const auto found = response.headers.find(name);
    return found == response.headers.end() ? "" : found->second;
  }

  test::MemoryCatalog catalog;
  test::MemoryBlobs blobs;
  NpmMirror mirror{"/npm", catalog, blobs};
};

constexpr const char* kAbbreviated =
    "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*";

TEST_F(NpmMirrorTest, ServesTheFullPackument) {
  const auto response = get("/npm/semver", {{"Accept", "application/json"}});
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(header(response, "Content-Type"), "application/json");
  EXPECT_EQ(header(response, "Vary"), "Accept");
  const json::object packument = object(response);
  EXPECT_EQ(packument.at("_id"), "semver");
  EXPECT_EQ(packument.at("readme"), "# hello");
  EXPECT_EQ(packument.at("dist-tags").at("next"), "8.0.0-rc.1");
  EXPECT_EQ(packument.at("time").at("7.5.8"), "2024-02-03T04:05:06.789Z");
  EXPECT_EQ(packument.at("versions").as_object().size(), 2U);
  const auto& dist = packument.at("versions").at("7.5.8").at("dist");
  EXPECT_EQ(dist.at("tarball"), "http://high.example:8080/npm/semver/-/semver-7.5.8.tgz");
  EXPECT_EQ(dist.at("signatures").as_array().size(), 1U);
  // What the upstream wrote reaches the client as it wrote it.
  EXPECT_NE(text(response).find(R"("weight":1.0e2)"), std::string::npos);
  EXPECT_NE(text(response).find(R"("fileCount":1.50e1)"), std::string::npos);
}

TEST_F(NpmMirrorTest, ServesTheAbbreviatedPackument) {
  const auto response = get("/npm/semver", {{"Accept", kAbbreviated}});
  EXPECT_EQ(header(response, "Content-Type"), "application/vnd.npm.install-v1+json");
  const json::object packument = object(response);
  EXPECT_EQ(packument.at("modified"), "2024-03-03T03:03:03.000Z");
  EXPECT_FALSE(packument.contains("readme"));
  const auto& manifest = packument.at("versions").at("7.5.8").as_object();
  EXPECT_TRUE(manifest.contains("dependencies"));
  EXPECT_TRUE(manifest.contains("os"));
  EXPECT_EQ(manifest.at("hasInstallScript"), true);
  EXPECT_FALSE(manifest.contains("readme"));
  EXPECT_FALSE(manifest.contains("scripts"));
  EXPECT_FALSE(packument.at("versions").at("8.0.0-rc.1").as_object().contains("hasInstallScript"));
  EXPECT_NE(header(response, "ETag"), header(get("/npm/semver"), "ETag"));
}

TEST_F(NpmMirrorTest, AnswersConditionalRequestsAndNewRecords) {
  const std::string etag = header(get("/npm/semver"), "ETag");
  ASSERT_FALSE(etag.empty());
  const auto unchanged = get("/npm/semver", {{"If-None-Match", etag}});
  EXPECT_EQ(unchanged.status, 304U);
  EXPECT_EQ(header(unchanged, "Vary"), "Accept");
  Package semver("semver", blobs);
  semver.add("9.0.0", "nine");
  catalog.publish(semver.record());
  const auto changed = get("/npm/semver", {{"If-None-Match", etag}});
  EXPECT_EQ(changed.status, 200U);
  EXPECT_TRUE(object(changed).at("versions").as_object().contains("9.0.0"));
}

TEST_F(NpmMirrorTest, NamesTarballsByTheAddressThatTheClientUsed) {
  auto by_other_name = request("/npm/@types/semver");
  by_other_name.headers.erase("Host");
  by_other_name.headers.emplace("Host", "10.0.0.7");
  by_other_name.secure = true;
  EXPECT_EQ(object(get("/npm/@types/semver")).at("versions").at("7.5.8").at("dist").at("tarball"),
            "http://high.example:8080/npm/@types/semver/-/semver-7.5.8.tgz");
  EXPECT_EQ(
      object(mirror.handle(by_other_name)).at("versions").at("7.5.8").at("dist").at("tarball"),
      "https://10.0.0.7/npm/@types/semver/-/semver-7.5.8.tgz");
  NpmMirror at_root("/", catalog, blobs);
  EXPECT_EQ(object(at_root.handle(request("/semver")))
                .at("versions")
                .at("7.5.8")
                .at("dist")
                .at("tarball"),
            "http://high.example:8080/semver/-/semver-7.5.8.tgz");
}

TEST_F(NpmMirrorTest, ServesOneVersionByNumberAndByTag) {
  EXPECT_EQ(object(get("/npm/semver/7.5.8")).at("version"), "7.5.8");
  EXPECT_EQ(object(get("/npm/semver/next")).at("version"), "8.0.0-rc.1");
  EXPECT_EQ(object(get("/npm/@types/semver/latest")).at("name"), "@types/semver");
  EXPECT_EQ(get("/npm/semver/1.0.0").status, 404U);
}

TEST_F(NpmMirrorTest, ServesTarballsWholeInPartsAndByTheUpstreamsName) {
  const auto whole = get("/npm/@types/semver/-/semver-7.5.8.tgz");
  EXPECT_EQ(whole.status, 200U);
  EXPECT_EQ(text(whole), "types tarball");
  EXPECT_FALSE(header(whole, "ETag").empty());
  EXPECT_NE(header(whole, "Cache-Control").find("immutable"), std::string::npos);
  const auto part = get("/npm/semver/-/semver-7.5.8.tgz", {{"Range", "bytes=7-"}});
  EXPECT_EQ(part.status, 206U);
  EXPECT_EQ(text(part), "tarball");
  EXPECT_EQ(text(get("/npm/semver/-/7.5.8.tgz")), "semver tarball");
  EXPECT_EQ(get("/npm/semver/-/semver-1.0.0.tgz").status, 404U);
  EXPECT_EQ(get("/npm/semver/-/semver-7.5.8.tgz", {}, "HEAD").status, 200U);
}

TEST_F(NpmMirrorTest, AMissingBlobIsOurFault) {
  blobs.lose(sha256(as_bytes("types tarball")));
  EXPECT_EQ(get("/npm/@types/semver/-/semver-7.5.8.tgz").status, 500U);
}

TEST_F(NpmMirrorTest, SaysWhatIsNotHeldAndHowToAskForIt) {
  const auto response = get("/npm/no-such");
  EXPECT_EQ(response.status, 404U);
  EXPECT_EQ(header(response, "Content-Type"), "application/json");
  const std::string error(object(response).at("error").as_string());
  EXPECT_NE(error.find("no-such"), std::string::npos);
  EXPECT_NE(error.find("not held on this side"), std::string::npos);
  EXPECT_NE(error.find("low side"), std::string::npos);
  for (const char* path : {"/npm/.hidden", "/npm/@scope", "/npm/a b", "/other", "/npm/a/-/",
                           "/npm/-/npm/v1/keys", "/npm/-/package//dist-tags"}) {
    EXPECT_EQ(get(path).status, 404U) << path;
  }
}

TEST_F(NpmMirrorTest, AnswersTheServicesThatClientsCall) {
  EXPECT_EQ(get("/npm/-/ping").status, 200U);
  EXPECT_EQ(get("/npm/").status, 200U);
  EXPECT_EQ(get("/npm").status, 200U);
  EXPECT_EQ(get("/npm/-/whoami").status, 401U);
  EXPECT_EQ(object(get("/npm/-/package/semver/dist-tags")).at("next"), "8.0.0-rc.1");
  EXPECT_EQ(object(get("/npm/-/package/@types/semver/dist-tags")).at("latest"), "7.5.8");
  EXPECT_EQ(text(get("/npm/-/npm/v1/security/advisories/bulk", {}, "POST")), "{}");
  EXPECT_EQ(get("/npm/-/npm/v1/security/audits/quick", {}, "POST").status, 200U);
  EXPECT_EQ(get("/npm/semver", {}, "PUT").status, 405U);
}

TEST_F(NpmMirrorTest, SearchesWhatIsHeld) {
  EXPECT_EQ(object(get("/npm/-/v1/search?text=semver")).at("total"), 2);
  const auto found = object(get("/npm/-/v1/search?text=PARSER+range&size=5&from=0"));
  ASSERT_EQ(found.at("total"), 1);
  EXPECT_EQ(found.at("objects").at(0).at("package").at("name"), "semver");
  EXPECT_EQ(found.at("objects").at(0).at("package").at("version"), "7.5.8");
  const auto second = object(get("/npm/-/v1/search?text=&size=1&from=1"));
  EXPECT_EQ(second.at("total"), 2);
  EXPECT_EQ(second.at("objects").as_array().size(), 1U);
  EXPECT_EQ(object(get("/npm/-/v1/search?text=%40types%2Fsemver")).at("total"), 1);
  EXPECT_EQ(get("/npm/-/v1/search?text=%zz").status, 400U);
}

TEST_F(NpmMirrorTest, NeedsAHost) {
  auto made = request("/npm/semver");
  made.headers.erase("Host");
  EXPECT_EQ(mirror.handle(made).status, 400U);
}

TEST_F(NpmMirrorTest, LeavesOutAVersionWhoseTarballIsLostUntilItIsBack) {
  const Sha256Digest tarball = sha256(as_bytes("semver tarball"));
  ASSERT_EQ(get("/npm/semver").status, 200U);  // and cached
  catalog.lose(tarball);
  const json::object left = object(get("/npm/semver"));
  EXPECT_FALSE(left.at("versions").as_object().contains("7.5.8"));
  EXPECT_TRUE(left.at("versions").as_object().contains("8.0.0-rc.1"));
  EXPECT_FALSE(left.at("dist-tags").as_object().contains("latest"));
  EXPECT_TRUE(left.at("dist-tags").as_object().contains("next"));
  EXPECT_FALSE(object(get("/npm/-/package/semver/dist-tags")).contains("latest"));
  EXPECT_EQ(get("/npm/semver/7.5.8").status, 503U);
  EXPECT_EQ(get("/npm/semver/latest").status, 503U);
  EXPECT_EQ(get("/npm/semver/-/semver-7.5.8.tgz").status, 503U);
  EXPECT_EQ(get("/npm/semver/-/semver-8.0.0-rc.1.tgz").status, 200U);
  EXPECT_EQ(object(get("/npm/-/v1/search?text=parser")).at("total").as_int64(), 0);

  catalog.restore(tarball);
  EXPECT_TRUE(object(get("/npm/semver")).at("versions").as_object().contains("7.5.8"));
  EXPECT_EQ(get("/npm/semver/-/semver-7.5.8.tgz").status, 200U);
}

TEST_F(NpmMirrorTest, SaysThatAPackageIsAwaitedWhenNothingOfItIsLeft) {
  catalog.lose(sha256(as_bytes("types tarball")));
  EXPECT_EQ(get("/npm/@types/semver").status, 503U);
}

}  // namespace
}  // namespace sluice::high
