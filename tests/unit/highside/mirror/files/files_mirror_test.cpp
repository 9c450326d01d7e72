#include "highside/mirror/files/files_mirror.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "common/base/hasher.h"
#include "common/base/text.h"
#include "common/store/disk_blob_store.h"
#include "highside/mirror/files/record_check.h"
#include "sluice/file.pb.h"
#include "tests/support/memory_store.h"
#include "tests/support/temporary_folder.h"

namespace sluice::high {
namespace {

class OneEditionCatalog final : public CatalogReader {
 public:
  std::map<std::string, std::string> bodies;  // by document
  bool broken = false;
  std::set<Sha256Digest> lost;

  bool is_lost(const Sha256Digest& blob) const override { return lost.contains(blob); }
  bool any_lost() const override { return !lost.empty(); }
  Edition current() const override { return Edition(3); }
  Result<std::optional<CatalogEntry>> find(Edition edition, std::string_view ecosystem,
                                           std::string_view document) const override {
    if (broken) {
      return Error{ErrorCode::kUnavailable, "index", "busy", ""};
    }
    const auto found = bodies.find(std::string(document));
    if (edition != Edition(3) || ecosystem != "file" || found == bodies.end()) {
      return std::optional<CatalogEntry>();
    }
    return std::optional(entry(found->first, found->second));
  }
  Result<void> list(Edition edition, std::string_view ecosystem, std::string_view prefix,
                    const std::function<bool(const CatalogEntry&)>& each) const override {
    EXPECT_EQ(edition, Edition(3));
    EXPECT_EQ(ecosystem, "file");
    for (const auto& [document, body] : bodies) {
      if (document.starts_with(prefix) && !each(entry(document, body))) {
        break;
      }
    }
    return {};
  }

 private:
  static CatalogEntry entry(const std::string& document, const std::string& body) {
    CatalogEntry entry;
    entry.document = document;
    entry.body = body;
    return entry;
  }
};

class FilesMirrorTest : public testing::Test {
 protected:
  proto::Record record(const std::string& document, const std::string& bytes) {
    const Sha256Digest digest = sha256(as_bytes(bytes));
    std::vector<store::NewBlob> blobs;
    blobs.push_back({{digest, bytes.size(), {}}, Bytes(bytes.begin(), bytes.end())});
    blobs_->commit(std::move(blobs)).value();
    proto::FileEntry entry;
    entry.set_sha256(std::string(as_text(digest.bytes())));
    entry.set_size(bytes.size());
    entry.set_modified_micros(1'000'000'000'000'000);
    entry.set_media_type("text/plain");
    proto::Record record;
    record.set_ecosystem("file");
    record.set_document(document);
    record.set_body(entry.SerializeAsString());
    record.add_blobs(entry.sha256());
    return record;
  }
  void publish(const std::string& document, const std::string& bytes) {
    catalog_.bodies[document] = record(document, bytes).body();
  }
  http::Response get(const std::string& path, http::Headers headers = {},
                     const std::string& method = "GET") const {
    http::Request request;
    request.method = method;
    request.path = request.raw_path = request.target = path;
    request.headers = std::move(headers);
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
    if (const auto* range = std::get_if<http::SourceRange>(&response.body)) {
      Bytes bytes(range->length);
      range->source->read_at(range->offset, bytes).value();
      return std::string(as_text(bytes));
    }
    return {};
  }

  test::TemporaryFolder folder_;
  test::MemoryStore index_;
  std::unique_ptr<store::DiskBlobStore> blobs_ =
      store::DiskBlobStore::open(index_, posix_file_system(), folder_.path()).value();
  OneEditionCatalog catalog_;
  FilesMirror mirror_{"/files", catalog_, *blobs_};
  FileRecordCheck check_;
};

TEST_F(FilesMirrorTest, ServesAFileWithItsDigest) {
  publish("drop/a b.txt", "hello");
  const http::Response whole = get("/files/drop/a b.txt");
  EXPECT_EQ(whole.status, 200U);
  EXPECT_EQ(body(whole), "hello");
  EXPECT_EQ(header(whole, "Content-Type"), "text/plain");
  const Sha256Digest digest = sha256(as_bytes("hello"));
  EXPECT_EQ(header(whole, "ETag"), "\"" + digest.hex() + "\"");
  EXPECT_EQ(header(whole, "Repr-Digest"), "sha-256=:" + base64_encode(digest.bytes()) + ":");
  EXPECT_EQ(header(whole, "Last-Modified"), "Sun, 09 Sep 2001 01:46:40 GMT");
  EXPECT_EQ(header(whole, "Content-Security-Policy"), "sandbox");

  const http::Response part = get("/files/drop/a b.txt", {{"Range", "bytes=1-2"}});
  EXPECT_EQ(part.status, 206U);
  EXPECT_EQ(body(part), "el");
  EXPECT_EQ(get("/files/drop/a b.txt", {{"If-None-Match", header(whole, "ETag")}}).status, 304U);
  EXPECT_EQ(get("/files/drop/a b.txt", {}, "HEAD").status, 200U);
  EXPECT_EQ(get("/files/drop/a b.txt", {}, "PUT").status, 405U);
}

TEST_F(FilesMirrorTest, SaysNotHereAtOnce) {
  for (const std::string path : {"/files/drop/a", "/files/drop/", "/files/drop"}) {
    const http::Response response = get(path);
    EXPECT_EQ(response.status, 404U) << path;
    EXPECT_NE(body(response).find("not here"), std::string::npos);
  }
  publish("drop/ab", "x");
  EXPECT_EQ(get("/files/drop/a").status, 404U);
  EXPECT_EQ(get("/files/dro").status, 404U);
}

TEST_F(FilesMirrorTest, ListsFoldersForPeopleAndPrograms) {
  publish("drop/a<b>&\".txt", "hello");
  publish("drop/x:y", "x");
  publish("drop/tools/deep/er", "y");
  publish("drop/tools/z", "z");
  publish("other/o", "o");

  const http::Response json = get("/files/drop/", {{"Accept", "application/json"}});
  EXPECT_EQ(header(json, "Content-Type"), "application/json");
  const auto listing = boost::json::parse(body(json)).as_object();
  EXPECT_EQ(listing.at("folder").as_string(), "/drop/");
  EXPECT_TRUE(listing.at("complete").as_bool());
  const auto& entries = listing.at("entries").as_array();
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].at("name").as_string(), "a<b>&\".txt");
  EXPECT_EQ(entries[0].at("size").as_int64(), 5);
  EXPECT_EQ(entries[0].at("sha256").as_string(), sha256(as_bytes("hello")).hex());
  EXPECT_EQ(entries[1].at("name").as_string(), "tools/");
  EXPECT_EQ(entries[1].at("type").as_string(), "folder");

  const std::string html = body(get("/files/drop/"));
  EXPECT_NE(html.find("href=\"./a%3cb%3e%26%22.txt\">a&lt;b&gt;&amp;&quot;.txt</a>"),
            std::string::npos)
      << html;
  EXPECT_NE(html.find("href=\"./x%3ay\""), std::string::npos);
  EXPECT_EQ(html.find("other"), std::string::npos);

  EXPECT_NE(body(get("/files/")).find("other/"), std::string::npos);
  const http::Response moved = get("/files/drop/tools");
  EXPECT_EQ(moved.status, 301U);
  EXPECT_EQ(header(moved, "Location"), "/files/drop/tools/");
  EXPECT_EQ(get("/files").status, 301U);
}

TEST_F(FilesMirrorTest, CutsAListThatIsTooLong) {
  const std::string body_of_one = record("drop/x", "x").body();
  for (int i = 0; i < 10'001; ++i) {
    catalog_.bodies["drop/" + std::to_string(i)] = body_of_one;
  }
  const http::Response json = get("/files/drop/", {{"Accept", "application/json"}});
  const auto listing = boost::json::parse(body(json)).as_object();
  EXPECT_FALSE(listing.at("complete").as_bool());
  EXPECT_EQ(listing.at("entries").as_array().size(), 10'000U);
}

TEST_F(FilesMirrorTest, TellsTroubleFromAbsence) {
  publish("drop/a", "hello");
  blobs_->remove(sha256(as_bytes("hello"))).value();
  EXPECT_EQ(get("/files/drop/a").status, 500U);
  catalog_.broken = true;
  EXPECT_EQ(get("/files/drop/a").status, 503U);
}

TEST_F(FilesMirrorTest, PublishesOnlyWhatItCanServe) {
  const proto::Record good = record("drop/a", "hello");
  EXPECT_TRUE(check_.check(good, std::nullopt, *blobs_));

  const auto code = [&](const proto::Record& bad) {
    return check_.check(bad, std::nullopt, *blobs_).error().code;
  };
  proto::Record bad = good;
  bad.set_document("drop/../a");
  EXPECT_EQ(code(bad), ErrorCode::kInvalid);
  bad = good;
  bad.set_body("\xff");
  EXPECT_EQ(code(bad), ErrorCode::kInvalid);
  bad = good;
  bad.add_blobs(std::string(32, 'x'));
  EXPECT_EQ(code(bad), ErrorCode::kInvalid);

  const auto with_entry = [&](const std::function<void(proto::FileEntry&)>& change) {
    proto::FileEntry entry;
    EXPECT_TRUE(entry.ParseFromString(good.body()));
    change(entry);
    proto::Record changed = good;
    changed.set_body(entry.SerializeAsString());
    changed.set_blobs(0, entry.sha256());
    return changed;
  };
  EXPECT_EQ(code(with_entry([](auto& entry) { entry.set_media_type("a/b\r\nX: y"); })),
            ErrorCode::kInvalid);
  EXPECT_EQ(code(with_entry([](auto& entry) { entry.set_sha256("short"); })), ErrorCode::kInvalid);
  EXPECT_EQ(code(with_entry([](auto& entry) { entry.set_size(6); })), ErrorCode::kIntegrity);
  EXPECT_EQ(code(with_entry([](auto& entry) { entry.set_sha256(std::string(32, 'x')); })),
            ErrorCode::kIntegrity);

  proto::Record withdrawn;
  withdrawn.set_ecosystem("file");
  withdrawn.set_document("drop/a");
  withdrawn.set_withdrawn(true);
  EXPECT_TRUE(check_.check(withdrawn, std::nullopt, *blobs_));
}

TEST_F(FilesMirrorTest, NeitherListsNorGivesWhatIsLost) {
  publish("a/one", "first");
  publish("a/two", "second");
  publish("b/only", "third");
  catalog_.lost = {sha256(as_bytes("first")), sha256(as_bytes("third"))};
  const http::Response answer = get("/files/a/one");
  EXPECT_EQ(answer.status, 503U);
  EXPECT_NE(body(answer).find("sluice-high gaps"), std::string::npos);
  EXPECT_EQ(get("/files/a/two").status, 200U);
  EXPECT_EQ(body(get("/files/a/")).find("one"), std::string::npos);
  EXPECT_NE(body(get("/files/a/")).find("two"), std::string::npos);
  EXPECT_EQ(body(get("/files/")).find("b/"), std::string::npos);
  catalog_.lost.clear();
  EXPECT_EQ(body(get("/files/a/one")), "first");
}

}  // namespace
}  // namespace sluice::high
