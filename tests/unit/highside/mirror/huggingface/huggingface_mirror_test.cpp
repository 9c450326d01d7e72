#include "highside/mirror/huggingface/huggingface_mirror.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "highside/mirror/huggingface/record_check.h"
#include "tests/support/memory_catalog.h"

namespace sluice::high {
namespace {

namespace json = boost::json;

const std::string kCommit(40, 'a');
const std::string kWeights = "weights of a model";
const std::string kConfig = R"({"hidden":8})";

std::string git_oid(std::string_view bytes) {
  Hasher hasher(DigestAlgorithm::kGitBlobSha1, bytes.size());
  hasher.update(as_bytes(bytes));
  return std::string(as_text(hasher.finish().bytes()));
}

class HuggingFaceMirrorTest : public testing::Test {
 protected:
  HuggingFaceMirrorTest() {
    add("config.json", kConfig, false);
    add("onnx/model.onnx", kWeights, true);
    auto& folder = *revision_.add_folders();
    folder.set_path("onnx");
    folder.set_oid(std::string(20, '\x11'));
    revision_.set_about(R"({"tags":["onnx"],"pipeline_tag":"text-generation"})");
    revision_.set_last_modified("2024-05-01T00:00:00.000Z");
    (*refs_.mutable_commits())["main"] = kCommit;
    (*refs_.mutable_commits())["refs/pr/1"] = kCommit;
  }

  void add(const std::string& path, const std::string& bytes, bool lfs) {
    auto& file = *revision_.add_files();
    file.set_path(path);
    file.set_size(bytes.size());
    file.set_sha256(std::string(as_text(blobs_.add(bytes).bytes())));
    file.set_oid(lfs ? std::string(20, '\x22') : git_oid(bytes));
    file.set_pointer_size(lfs ? 130 : 0);
  }
  proto::Record record() const {
    proto::Record made = record_of("models/org/tiny@" + kCommit, revision_.SerializeAsString());
    for (const auto& file : revision_.files()) {
      made.add_blobs(file.sha256());
    }
    return made;
  }
  proto::Record refs_record() const {
    return record_of("models/org/tiny", refs_.SerializeAsString());
  }
  static proto::Record record_of(const std::string& document, const std::string& body) {
    proto::Record made;
    made.set_ecosystem("huggingface");
    made.set_document(document);
    made.set_body(body);
    return made;
  }
  void publish() {
    for (const proto::Record& one : {record(), refs_record()}) {
      check_.check(one, std::nullopt, blobs_).value();
      catalog_.publish(one);
    }
  }

  http::Response get(const std::string& target, http::Headers headers = {},
                     const std::string& method = "GET", const std::string& body = "") const {
    http::Request request;
    request.method = method;
    request.target = target;
    const std::size_t query = target.find('?');
    request.path = request.raw_path = target.substr(0, query);
    request.query = query == std::string::npos ? "" : target.substr(query + 1);
    request.headers = std::move(headers);
    request.body = body;
    return mirror_.handle(request);
  }
  static std::string header(const http::Response& response, const std::string& name) {
    const auto found = response.headers.find(name);
    return found == response.headers.end() ? "" : found->second;
  }
  static std::string body(const http::Response& response) {
    if (const auto* text = std::get_if<std::string>(&response.body)) {
      return *text;
    }
    const auto& range = std::get<http::SourceRange>(response.body);
    Bytes bytes(range.length);
    range.source->read_at(range.offset, bytes).value();
    return std::string(as_text(bytes));
  }
  static std::string text(const json::value& value) { return std::string(value.as_string()); }
  static json::value parsed(const http::Response& response) { return json::parse(body(response)); }
  static std::string hex_oid(const std::string& bytes) {
    return Digest::from_bytes(DigestAlgorithm::kGitBlobSha1, as_bytes(git_oid(bytes)))->hex();
  }
  // The check refuses what is set up, saying so.
  void expect_refused(const proto::Record& one, const std::string& word) {
    const auto checked = check_.check(one, std::nullopt, blobs_);
    ASSERT_FALSE(checked) << word;
    EXPECT_NE(checked.error().message().find(word), std::string::npos) << checked.error().message();
  }

  test::MemoryBlobs blobs_;
  test::MemoryCatalog catalog_;
  proto::HuggingFaceRevision revision_;
  proto::HuggingFaceRefs refs_;
  HuggingFaceMirror mirror_{"/hf", catalog_, blobs_};
  HuggingFaceRecordCheck check_;
};

TEST_F(HuggingFaceMirrorTest, DescribesARepositoryAsTheHubDoes) {
  publish();
  for (const std::string at : {"", "/revision/main", "/revision/HEAD", "/revision/refs%2Fpr%2F1"}) {
    const http::Response response = get("/hf/api/models/org/tiny" + at);
    ASSERT_EQ(response.status, 200U) << at << body(response);
    EXPECT_EQ(header(response, "X-Repo-Commit"), kCommit);
    const json::value about = parsed(response);
    EXPECT_EQ(text(about.at("id")), "org/tiny");
    EXPECT_EQ(text(about.at("sha")), kCommit);
    EXPECT_EQ(text(about.at("pipeline_tag")), "text-generation");
    EXPECT_EQ(about.at("siblings"),
              json::parse(R"([{"rfilename":"config.json"},{"rfilename":"onnx/model.onnx"}])"));
  }
  const json::value blobs = parsed(get("/hf/api/models/org/tiny?blobs=true"));
  EXPECT_EQ(text(blobs.at_pointer("/siblings/1/lfs/sha256")), sha256(as_bytes(kWeights)).hex());
  EXPECT_EQ(text(blobs.at_pointer("/siblings/0/blobId")), hex_oid(kConfig));
}

TEST_F(HuggingFaceMirrorTest, ListsTreesAndPaths) {
  publish();
  const json::value top = parsed(get("/hf/api/models/org/tiny/tree/main"));
  ASSERT_EQ(top.as_array().size(), 2U);
  EXPECT_EQ(text(top.at(0).at("type")), "directory");
  EXPECT_EQ(text(top.at(1).at("oid")), hex_oid(kConfig));
  EXPECT_EQ(parsed(get("/hf/api/models/org/tiny/tree/main?recursive=true")).as_array().size(), 3U);
  const json::value inner = parsed(get("/hf/api/models/org/tiny/tree/" + kCommit + "/onnx"));
  ASSERT_EQ(inner.as_array().size(), 1U);
  EXPECT_EQ(text(inner.at(0).at("path")), "onnx/model.onnx");
  EXPECT_EQ(text(inner.at(0).at("lfs").at("oid")), sha256(as_bytes(kWeights)).hex());

  const std::string paths_info = "/hf/api/models/org/tiny/paths-info/main";
  const json::value found =
      parsed(get(paths_info, {{"Content-Type", "application/json"}}, "POST",
                 R"({"paths":["onnx/model.onnx","gone","onnx"],"expand":true})"));
  ASSERT_EQ(found.as_array().size(), 2U);
  EXPECT_EQ(found.at(0).at("size"), kWeights.size());
  EXPECT_EQ(text(found.at(1).at("type")), "directory");
  const json::value form =
      parsed(get(paths_info, {{"Content-Type", "application/x-www-form-urlencoded"}}, "POST",
                 "paths=config.json&expand=False"));
  EXPECT_EQ(form.as_array().size(), 1U);
  for (const char* bad : {"", "[]", R"({"paths":7})", R"({"paths":[7]})"}) {
    EXPECT_EQ(get(paths_info, {}, "POST", bad).status, 400U) << bad;
  }
}

TEST_F(HuggingFaceMirrorTest, ServesFilesWholeAndInPartsWithWhatClientsNeed) {
  publish();
  const http::Response plain = get("/hf/org/tiny/resolve/main/config.json");
  EXPECT_EQ(plain.status, 200U);
  EXPECT_EQ(body(plain), kConfig);
  EXPECT_EQ(header(plain, "ETag"), "\"" + hex_oid(kConfig) + "\"");
  EXPECT_EQ(header(plain, "X-Repo-Commit"), kCommit);
  EXPECT_EQ(header(plain, "X-Linked-Etag"), "");

  const std::string weights = "/hf/org/tiny/resolve/" + kCommit + "/onnx/model.onnx";
  const http::Response large = get(weights, {{"Range", "bytes=0-0"}});
  EXPECT_EQ(large.status, 206U);
  EXPECT_EQ(body(large), "w");
  const std::string sha = "\"" + sha256(as_bytes(kWeights)).hex() + "\"";
  EXPECT_EQ(header(large, "ETag"), sha);
  EXPECT_EQ(header(large, "X-Linked-Etag"), sha);
  EXPECT_EQ(header(large, "X-Linked-Size"), std::to_string(kWeights.size()));
  EXPECT_EQ(get(weights, {}, "HEAD").status, 200U);
  EXPECT_EQ(get(weights, {{"If-None-Match", sha}}).status, 304U);
  for (const auto& [name, value] : large.headers) {
    EXPECT_FALSE(name.starts_with("X-Xet") || value.find("xet") != std::string::npos) << name;
  }
}

TEST_F(HuggingFaceMirrorTest, AnEmptyFileHasNoFirstByte) {
  add("z", "", false);
  publish();
  const http::Response empty = get("/hf/org/tiny/resolve/main/z", {{"Range", "bytes=0-0"}});
  EXPECT_EQ(empty.status, 200U);
  EXPECT_EQ(header(empty, "Content-Range"), "bytes */0");
}

TEST_F(HuggingFaceMirrorTest, SaysWhatIsMissingAsTheClientsReadIt) {
  publish();
  const std::vector<std::pair<std::string, std::string>> cases{
      {"/hf/api/models/org/other", "RepoNotFound"},
      {"/hf/api/models/org/tin", "RepoNotFound"},
      {"/hf/api/datasets/org/tiny", "RepoNotFound"},
      {"/hf/api/models/org/other/refs", "RepoNotFound"},
      {"/hf/api/models/org/tiny/revision/v2", "RevisionNotFound"},
      {"/hf/org/tiny/resolve/" + std::string(40, 'b') + "/config.json", "RevisionNotFound"},
      {"/hf/org/tiny/resolve/main/gone", "EntryNotFound"},
      {"/hf/org/tiny/resolve/main/onnx", "EntryNotFound"},
      {"/hf/api/models/org/tiny/tree/main/gone", "EntryNotFound"}};
  for (const auto& [path, code] : cases) {
    const http::Response response = get(path);
    EXPECT_EQ(response.status, 404U) << path;
    EXPECT_EQ(header(response, "X-Error-Code"), code) << path;
    EXPECT_NE(parsed(response).as_object().if_contains("error"), nullptr);
  }
  for (const char* path : {"/hf", "/hf/", "/hf/api", "/hf/api/tokens/x", "/hf/org/tiny", "/hf/%zz",
                           "/hf/api/models/org/tiny/tree"}) {
    EXPECT_EQ(get(path).status, 404U) << path;
  }
  EXPECT_EQ(get("/hf/org/tiny/resolve/main/config.json", {}, "PUT").status, 405U);
}

TEST_F(HuggingFaceMirrorTest, ListsWhatIsHeld) {
  publish();
  EXPECT_EQ(parsed(get("/hf/api/models?search=TINY")).as_array().size(), 1U);
  EXPECT_EQ(text(parsed(get("/hf/api/models?author=org&limit=5")).at(0).at("id")), "org/tiny");
  EXPECT_EQ(parsed(get("/hf/api/models?search=large")).as_array().size(), 0U);
  EXPECT_EQ(parsed(get("/hf/api/datasets")).as_array().size(), 0U);
  const json::value refs = parsed(get("/hf/api/models/org/tiny/refs"));
  EXPECT_EQ(text(refs.at_pointer("/branches/0/ref")), "refs/heads/main");
  EXPECT_EQ(text(refs.at_pointer("/branches/1/ref")), "refs/pr/1");
}

TEST_F(HuggingFaceMirrorTest, SaysThatBytesAreLost) {
  publish();
  catalog_.lose(sha256(as_bytes(kWeights)));
  EXPECT_EQ(get("/hf/org/tiny/resolve/main/onnx/model.onnx").status, 503U);
  EXPECT_EQ(get("/hf/org/tiny/resolve/main/config.json").status, 200U);
}

TEST_F(HuggingFaceMirrorTest, ChecksWhatItWillShow) {
  EXPECT_TRUE(check_.check(record(), std::nullopt, blobs_));
  EXPECT_TRUE(check_.check(refs_record(), std::nullopt, blobs_));
  const auto bend = [&](const std::string& word, const auto& change) {
    const proto::HuggingFaceRevision good = revision_;
    change();
    expect_refused(record(), word);
    revision_ = good;
  };
  bend("oid", [&] { revision_.mutable_files(0)->set_oid(std::string(20, 'x')); });
  bend("digests", [&] { revision_.mutable_files(0)->set_oid("short"); });
  bend("size", [&] { revision_.mutable_files(1)->set_size(1); });
  bend("leaves", [&] { revision_.mutable_files(0)->set_path("../x"); });
  bend("leaves", [&] { revision_.mutable_folders(0)->set_path("/etc"); });
  bend("order", [&] { revision_.mutable_files()->SwapElements(0, 1); });
  bend("order", [&] { *revision_.add_files() = revision_.files(1); });
  bend("no files", [&] { revision_.clear_files(); });
  bend("cannot be read", [&] { revision_.set_about("[]"); });
  proto::Record unnamed = record();
  unnamed.clear_blobs();
  expect_refused(unnamed, "not among");
  expect_refused(record_of("models/org/tiny@main", ""), "no commit");
  expect_refused(record_of("tokens/org/tiny", ""), "none of");
  (*refs_.mutable_commits())["a b"] = kCommit;
  expect_refused(refs_record(), "proper name");
}

TEST_F(HuggingFaceMirrorTest, ACommitKeepsItsBytes) {
  CatalogEntry previous;
  previous.body = revision_.SerializeAsString();
  EXPECT_TRUE(check_.check(record(), previous, blobs_));
  revision_.mutable_files(1)->set_sha256(std::string(as_text(blobs_.add("others").bytes())));
  revision_.mutable_files(1)->set_size(6);
  const auto checked = check_.check(record(), previous, blobs_);
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().message().find("other bytes"), std::string::npos);
}

}  // namespace
}  // namespace sluice::high
