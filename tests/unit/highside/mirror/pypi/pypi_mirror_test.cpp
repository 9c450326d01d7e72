#include "highside/mirror/pypi/pypi_mirror.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "common/base/text.h"
#include "tests/unit/highside/mirror/pypi/project.h"

namespace sluice::high {
namespace {

namespace json = boost::json;
using test::Project;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kJson = "application/vnd.pypi.simple.v1+json";

class PypiMirrorTest : public testing::Test {
 protected:
  PypiMirrorTest() : project("my-pkg", blobs) {
    auto& wheel = project.add_wheel("1.0+cpu", "wheel one");
    wheel.set_requires_python(">=3.8,<4");
    wheel.set_upload_time("2024-02-03T04:05:06.789000Z");
    wheel.set_provenance("https://index.example/integrity/1");
    auto& source = project.add("my_pkg-0.9.tar.gz", "source");
    source.set_yanked(true);
    source.set_yanked_reason("broken \"badly\" & <b>");
    project.add("my_pkg-0.8.tar.gz", "older").set_yanked(true);
    catalog.publish(project.record());
    Project other("a-z", blobs);
    other.add_wheel("2.0", "other");
    catalog.publish(other.record());
  }

  http::Response get(const std::string& path, http::Headers headers = {},
                     const std::string& method = "GET") {
    http::Request request;
    request.method = method;
    request.target = request.path = request.raw_path = path;
    request.headers = std::move(headers);
    return mirror.handle(request);
  }
  static std::string text(const http::Response& response) {
    if (const auto* whole = std::get_if<std::string>(&response.body)) {
      return *whole;
    }
    const auto* range = std::get_if<http::SourceRange>(&response.body);
    if (range == nullptr) {
      return "";
    }
    std::string bytes(range->length, '\0');
    EXPECT_TRUE(range->source->read_at(
        range->offset, {reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()}));
    return bytes;
  }
  static std::string header(const http::Response& response, std::string_view name) {
    const auto found = response.headers.find(name);
    return found == response.headers.end() ? "" : found->second;
  }
  json::object page(const std::string& path) {
    return json::parse(text(get(path, {{"Accept", kJson}}))).as_object();
  }
  static Sha256Digest digest(const std::string& bytes) {
    return *Sha256Digest::from_bytes(as_bytes(bytes));
  }

  test::MemoryBlobs blobs;
  test::MemoryCatalog catalog;
  Project project;
  PypiMirror mirror{"/pypi", catalog, blobs};
};

TEST_F(PypiMirrorTest, GivesAProjectAsJson) {
  const auto response = get("/pypi/simple/my-pkg/", {{"Accept", kJson}});
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(header(response, "Content-Type"), kJson);
  EXPECT_EQ(header(response, "Vary"), "Accept");
  const json::object document = json::parse(text(response)).as_object();
  EXPECT_EQ(document.at("meta").at("api-version").as_string(), "1.3");
  EXPECT_EQ(document.at("name").as_string(), "my-pkg");
  EXPECT_EQ(json::serialize(document.at("versions")), R"(["1.0+cpu","0.9","0.8"])");
  const auto& wheel = document.at("files").at(0).as_object();
  EXPECT_EQ(wheel.at("filename").as_string(), "my_pkg-1.0+cpu-py3-none-any.whl");
  EXPECT_EQ(wheel.at("url").as_string(), "../../packages/my-pkg/my_pkg-1.0%2Bcpu-py3-none-any.whl");
  EXPECT_EQ(wheel.at("hashes").at("sha256").as_string(), sha256(as_bytes("wheel one")).hex());
  EXPECT_EQ(wheel.at("size").to_number<int>(), 9);
  EXPECT_EQ(wheel.at("requires-python").as_string(), ">=3.8,<4");
  EXPECT_EQ(wheel.at("upload-time").as_string(), "2024-02-03T04:05:06.789000Z");
  EXPECT_EQ(wheel.at("yanked").as_bool(), false);
  EXPECT_EQ(wheel.at("core-metadata").at("sha256").as_string(),
            hex_encode(as_bytes(project.body.files(0).metadata())));
  for (const char* absent : {"dist-info-metadata", "provenance"}) {
    EXPECT_FALSE(wheel.contains(absent)) << absent;
  }
  EXPECT_EQ(document.at("files").at(1).at("yanked").as_string(), "broken \"badly\" & <b>");
  EXPECT_EQ(document.at("files").at(2).at("yanked").as_bool(), true);
  EXPECT_FALSE(document.at("files").at(1).as_object().contains("core-metadata"));
}

TEST_F(PypiMirrorTest, GivesAProjectAsHtml) {
  const auto response = get("/pypi/simple/my-pkg/");
  EXPECT_EQ(response.status, 200U);
  EXPECT_THAT(header(response, "Content-Type"), HasSubstr("text/html"));
  const std::string digest = hex_encode(as_bytes(project.body.files(0).metadata()));
  const std::string page = text(response);
  EXPECT_THAT(page, HasSubstr(R"(<meta name="pypi:repository-version" content="1.3">)"));
  EXPECT_THAT(page,
              HasSubstr("<a href=\"../../packages/my-pkg/my_pkg-1.0%2Bcpu-py3-none-any.whl"
                        "#sha256=" +
                        sha256(as_bytes("wheel one")).hex() +
                        "\" data-requires-python=\"&gt;=3.8,&lt;4\" data-core-metadata=\"sha256=" +
                        digest + "\" data-dist-info-metadata=\"sha256=" + digest +
                        "\">my_pkg-1.0+cpu-py3-none-any.whl</a>"));
  EXPECT_THAT(page, HasSubstr(R"(data-yanked="broken &quot;badly&quot; &amp; &lt;b&gt;")"));
  EXPECT_THAT(page, HasSubstr(R"(data-yanked="">my_pkg-0.8.tar.gz)"));
  const auto versioned =
      get("/pypi/simple/my-pkg/", {{"Accept", "application/vnd.pypi.simple.v1+html"}});
  EXPECT_EQ(header(versioned, "Content-Type"), "application/vnd.pypi.simple.v1+html");
  EXPECT_EQ(text(versioned), page);
  EXPECT_EQ(get("/pypi/simple/my-pkg/", {{"Accept", "application/json"}}).status, 406U);
}

TEST_F(PypiMirrorTest, GivesProvenanceWhereItIsHeld) {
  proto::PypiFile& file = *project.body.mutable_files(0);
  file.set_attestations(project.put("who built it"));
  catalog.publish(project.record());
  const std::string at = "/pypi/packages/my-pkg/my_pkg-1.0%2Bcpu-py3-none-any.whl.provenance";
  const auto response = get("/pypi/simple/my-pkg/", {{"Accept", kJson}, {"Host", "high:8080"}});
  const json::object document = json::parse(text(response)).as_object();
  EXPECT_EQ(document.at("files").at(0).at("provenance").as_string(), "http://high:8080" + at);
  EXPECT_FALSE(document.at("files").at(1).as_object().contains("provenance"));
  EXPECT_THAT(text(get("/pypi/simple/my-pkg/", {{"Host", "high:8080"}})),
              HasSubstr(" data-provenance=\"http://high:8080" + at + "\""));
  const auto given = get("/pypi/packages/my-pkg/my_pkg-1.0+cpu-py3-none-any.whl.provenance");
  EXPECT_EQ(given.status, 200U);
  EXPECT_EQ(header(given, "Content-Type"), "application/vnd.pypi.integrity.v1+json");
  EXPECT_EQ(text(given), "who built it");
  EXPECT_EQ(get("/pypi/packages/my-pkg/my_pkg-0.8.tar.gz.provenance").status, 404U);
  catalog.lose(digest(file.attestations()));
  EXPECT_FALSE(page("/pypi/simple/my-pkg/").at("files").at(0).as_object().contains("provenance"));
}

TEST_F(PypiMirrorTest, ListsTheProjects) {
  EXPECT_EQ(json::serialize(page("/pypi/simple/").at("projects")),
            R"([{"name":"a-z"},{"name":"my-pkg"}])");
  EXPECT_THAT(text(get("/pypi/simple/")), HasSubstr("<a href=\"my-pkg/\">my-pkg</a>"));
}

TEST_F(PypiMirrorTest, RedirectsToTheNormalisedNameWithASlash) {
  const std::vector<std::pair<std::string, std::string>> moves{
      {"/pypi/simple", "simple/"},
      {"/pypi/simple/my-pkg", "my-pkg/"},
      {"/pypi/simple/My_Pkg", "my-pkg/"},
      {"/pypi/simple/My.-Pkg/", "../my-pkg/"}};
  for (const auto& [from, to] : moves) {
    const auto response = get(from);
    EXPECT_EQ(response.status, 301U) << from;
    EXPECT_EQ(header(response, "Location"), to) << from;
  }
}

TEST_F(PypiMirrorTest, AnswersConditionalRequests) {
  const std::string etag = header(get("/pypi/simple/my-pkg/", {{"Accept", kJson}}), "ETag");
  ASSERT_FALSE(etag.empty());
  EXPECT_EQ(get("/pypi/simple/my-pkg/", {{"Accept", kJson}, {"If-None-Match", etag}}).status, 304U);
  EXPECT_EQ(get("/pypi/simple/my-pkg/", {{"If-None-Match", etag}}).status, 200U);  // as HTML
  project.body.mutable_files(0)->set_yanked(true);
  catalog.publish(project.record());
  EXPECT_EQ(get("/pypi/simple/my-pkg/", {{"Accept", kJson}, {"If-None-Match", etag}}).status, 200U);
}

TEST_F(PypiMirrorTest, GivesFilesAndTheirMetadata) {
  const std::string path = "/pypi/packages/my-pkg/my_pkg-1.0+cpu-py3-none-any.whl";
  const auto whole = get(path);
  EXPECT_EQ(whole.status, 200U);
  EXPECT_EQ(text(whole), "wheel one");
  EXPECT_EQ(header(whole, "ETag"), '"' + sha256(as_bytes("wheel one")).hex() + '"');
  EXPECT_THAT(header(whole, "Cache-Control"), HasSubstr("immutable"));
  const auto part = get(path, {{"Range", "bytes=6-"}});
  EXPECT_EQ(part.status, 206U);
  EXPECT_EQ(text(part), "one");
  EXPECT_EQ(get(path, {}, "HEAD").status, 200U);
  EXPECT_THAT(text(get(path + ".metadata")), HasSubstr("Name: my-pkg\nVersion: 1.0+cpu\n"));
  EXPECT_EQ(get("/pypi/packages/my-pkg/my_pkg-0.9.tar.gz").status, 200U);
}

TEST_F(PypiMirrorTest, SaysNoByName) {
  for (const char* path :
       {"/pypi/simple/nobody/", "/pypi/simple/a/b/", "/pypi/simple/..%2f/", "/pypi/packages/my-pkg",
        "/pypi/packages/my-pkg/other.whl", "/pypi/packages/nobody/x.whl",
        "/pypi/packages/my-pkg/my_pkg-0.9.tar.gz.metadata", "/pypi/", "/pypi/simplex", "/other"}) {
    EXPECT_EQ(get(path).status, 404U) << path;
  }
  EXPECT_EQ(get("/pypi/simple/my-pkg/", {}, "POST").status, 405U);
  EXPECT_THAT(text(get("/pypi/simple/nobody/")), HasSubstr("nobody: not held on this side"));
}

TEST_F(PypiMirrorTest, LeavesOutWhatIsLostUntilItIsBack) {
  const std::string wheel = project.body.files(0).filename();
  catalog.lose(digest(project.body.files(0).metadata()));
  EXPECT_FALSE(
      page("/pypi/simple/my-pkg/").at("files").at(0).as_object().contains("core-metadata"));
  EXPECT_EQ(get("/pypi/packages/my-pkg/" + wheel + ".metadata").status, 503U);
  catalog.lose(digest(project.body.files(0).sha256()));
  EXPECT_EQ(page("/pypi/simple/my-pkg/").at("files").as_array().size(), 2U);
  EXPECT_EQ(get("/pypi/packages/my-pkg/" + wheel).status, 503U);
  catalog.lose(digest(project.body.files(1).sha256()));
  catalog.lose(digest(project.body.files(2).sha256()));
  EXPECT_EQ(get("/pypi/simple/my-pkg/").status, 503U);
  EXPECT_THAT(text(get("/pypi/simple/")), Not(HasSubstr("my-pkg")));
  catalog.restore(digest(project.body.files(0).sha256()));
  EXPECT_EQ(page("/pypi/simple/my-pkg/").at("files").as_array().size(), 1U);
}

TEST_F(PypiMirrorTest, SaysThatARecordWithoutItsBlobIsOurFault) {
  blobs.lose(digest(project.body.files(0).sha256()));
  EXPECT_EQ(get("/pypi/packages/my-pkg/" + project.body.files(0).filename()).status, 500U);
}

}  // namespace
}  // namespace sluice::high
