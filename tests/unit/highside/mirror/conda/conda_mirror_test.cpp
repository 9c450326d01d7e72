#include "highside/mirror/conda/conda_mirror.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>

#include "common/ecosystem/conda/names.h"
#include "common/ecosystem/conda/zstd_text.h"
#include "highside/mirror/conda/items.h"
#include "highside/mirror/conda/record_check.h"
#include "sluice/conda.pb.h"
#include "tests/support/memory_catalog.h"

namespace sluice::high {
namespace {

namespace json = boost::json;

const std::string kNumpy = "numpy-1.26.4-py311_0.conda";
const std::string kTiny = "tiny-1.0-py_0.tar.bz2";

class CondaMirrorTest : public testing::Test {
 protected:
  CondaMirrorTest() {
    add(kNumpy, "numpy's bytes");
    add(kTiny, "tiny's bytes");
  }

  // Of `proofs` the digests and the size, with what leads in.
  static std::string metadata(const std::string& file, const std::string& proofs) {
    const auto name = conda::parse_file_name(file).value();
    return R"({ "name":")" + name.name + R"(","version":")" + name.version + R"(","build":")" +
           name.build + R"(","timestamp":1.70e12)" + proofs + "}";
  }
  static std::string proofs(const std::string& bytes) {
    return R"(,"sha256":")" + sha256(as_bytes(bytes)).hex() + R"(","md5":")" +
           hash(DigestAlgorithm::kMd5, as_bytes(bytes)).hex() + R"(","size":)" +
           std::to_string(bytes.size());
  }
  proto::CondaFile& add(const std::string& name, const std::string& bytes) {
    auto& file = *body_.add_files();
    file.set_name(name);
    file.set_sha256(std::string(as_text(blobs_.add(bytes).bytes())));
    file.set_size(bytes.size());
    file.set_metadata(metadata(name, proofs(bytes)));
    return file;
  }
  proto::Record record(const std::string& document = "lab/linux-64") const {
    proto::Record made;
    made.set_ecosystem("conda");
    made.set_document(document);
    made.set_body(body_.SerializeAsString());
    for (const auto& file : body_.files()) {
      made.add_blobs(file.sha256());
    }
    return made;
  }
  void publish(const std::string& document = "lab/linux-64") {
    check_.check(record(document), std::nullopt, blobs_).value();
    catalog_.publish(record(document));
  }
  http::Response get(const std::string& path, http::Headers headers = {},
                     const std::string& method = "GET") {
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
  json::object index(const std::string& at = "/conda/lab/linux-64") {
    return json::parse(body(get(at + "/repodata.json"))).as_object();
  }

  test::MemoryCatalog catalog_;
  test::MemoryBlobs blobs_;
  proto::CondaSubdir body_;
  CondaMirror mirror_{"/conda", catalog_, blobs_};
  CondaRecordCheck check_;
};

TEST_F(CondaMirrorTest, RendersAnIndexOfExactlyWhatIsHeld) {
  publish();
  const http::Response plain = get("/conda/lab/linux-64/repodata.json");
  EXPECT_EQ(plain.status, 200U);
  EXPECT_EQ(header(plain, "Content-Type"), "application/json");
  EXPECT_EQ(body(plain), R"({"info":{"subdir":"linux-64"},"packages":{")" + kTiny + "\":" +
                             metadata(kTiny, proofs("tiny's bytes")) + R"(},"packages.conda":{")" +
                             kNumpy + "\":" + metadata(kNumpy, proofs("numpy's bytes")) +
                             R"(},"removed":[],"repodata_version":1})");
  const http::Response packed = get("/conda/lab/linux-64/repodata.json.zst");
  EXPECT_EQ(header(packed, "Content-Type"), "application/zstd");
  EXPECT_EQ(conda::unpack_zstd("index", body(packed), 1 << 20).value(), body(plain));
  EXPECT_NE(header(packed, "ETag"), header(plain, "ETag"));
  for (const auto& [name, response] :
       {std::pair{"repodata.json", &plain}, std::pair{"repodata.json.zst", &packed}}) {
    const std::string at = std::string("/conda/lab/linux-64/") + name;
    EXPECT_EQ(get(at, {{"If-None-Match", header(*response, "ETag")}}).status, 304U);
    EXPECT_EQ(get(at, {}, "HEAD").status, 200U);
    EXPECT_EQ(body(get(at, {{"Range", "bytes=2-5"}})), body(*response).substr(2, 4));
  }
  EXPECT_EQ(get("/conda/lab/linux-64/repodata.json", {}, "PUT").status, 405U);
}

TEST_F(CondaMirrorTest, ServesFilesWholeAndInParts) {
  publish("pkgs/main/linux-64");
  const std::string at = "/conda/pkgs/main/linux-64/" + kNumpy;
  const http::Response whole = get(at);
  EXPECT_EQ(whole.status, 200U);
  EXPECT_EQ(body(whole), "numpy's bytes");
  EXPECT_EQ(header(whole, "ETag"), '"' + sha256(as_bytes("numpy's bytes")).hex() + '"');
  EXPECT_EQ(body(get(at, {{"Range", "bytes=0-4"}})), "numpy");
  EXPECT_EQ(get(at, {{"If-None-Match", header(whole, "ETag")}}).status, 304U);
}

TEST_F(CondaMirrorTest, WhatIsRemovedIsHiddenFromSolversAndStillThere) {
  body_.mutable_files(0)->set_removed(true);
  publish();
  const json::object shown = index();
  EXPECT_TRUE(shown.at("packages.conda").as_object().empty());
  EXPECT_EQ(shown.at("removed"), (json::array{json::string(kNumpy)}));
  EXPECT_EQ(body(get("/conda/lab/linux-64/" + kNumpy)), "numpy's bytes");
}

TEST_F(CondaMirrorTest, FollowsTheNextEdition) {
  publish();
  const std::string first = header(get("/conda/lab/linux-64/repodata.json"), "ETag");
  add("zlib-1.3-0.conda", "zlib's bytes");
  publish();
  EXPECT_NE(header(get("/conda/lab/linux-64/repodata.json"), "ETag"), first);
  EXPECT_TRUE(index().at("packages.conda").as_object().contains("zlib-1.3-0.conda"));
}

TEST_F(CondaMirrorTest, NoarchOfAChannelThatIsHeldIsEmpty) {
  EXPECT_EQ(get("/conda/lab/noarch/repodata.json").status, 404U);
  publish();
  EXPECT_EQ(get("/conda/lab/noarch/repodata.json.zst").status, 200U);
  EXPECT_TRUE(index("/conda/lab/noarch").at("packages.conda").as_object().empty());
  EXPECT_EQ(get("/conda/lab/win-64/repodata.json").status, 404U);
  publish("outer/inner/linux-64");
  EXPECT_EQ(get("/conda/outer/noarch/repodata.json").status, 404U) << "another channel's";
}

TEST_F(CondaMirrorTest, SaysNotHereAtOnceAndNotesTheWish) {
  publish();
  const http::Response missing = get("/conda/lab/linux-64/scipy-1.11.4-py311_0.conda");
  EXPECT_EQ(missing.status, 404U);
  EXPECT_EQ(header(missing, "Sluice-Wanted"), "pkg:conda/scipy@1.11.4");
  for (const std::string path :
       {"/conda", "/conda/", "/conda/lab", "/conda/lab/linux-64",
        "/conda/lab/linux-64/current_repodata.json", "/conda/lab/linux-64/repodata.json.bz2",
        "/conda/lab/channeldata.json", "/conda/../linux-64/repodata.json"}) {
    const http::Response response = get(path);
    EXPECT_EQ(response.status, 404U) << path;
    EXPECT_EQ(header(response, "Sluice-Wanted"), "") << path;
  }
}

TEST_F(CondaMirrorTest, LeavesOutWhatIsLostUntilItIsBack) {
  publish();
  const Sha256Digest digest = sha256(as_bytes("numpy's bytes"));
  catalog_.lose(digest);
  EXPECT_FALSE(index().at("packages.conda").as_object().contains(kNumpy));
  const http::Response response = get("/conda/lab/linux-64/" + kNumpy);
  EXPECT_EQ(response.status, 503U);
  EXPECT_NE(body(response).find("sluice-high gaps"), std::string::npos);
  catalog_.restore(digest);
  EXPECT_TRUE(index().at("packages.conda").as_object().contains(kNumpy));
}

TEST_F(CondaMirrorTest, TheCacheKeepsWithinItsLimit) {
  const auto none = [](const Sha256Digest&) { return false; };
  const auto subdir = std::make_shared<const ServedSubdir>("linux-64", body_, none);
  const std::size_t cost = subdir->cost() + 2 * std::string("a/noarch").size() + kLruEntryBytes;
  SubdirCache cache(2 * cost);
  const SubdirCache::State state{Edition(1), 0};
  for (const std::string document : {"a/noarch", "b/noarch", "c/noarch", "c/noarch"}) {
    cache.put(document, state, subdir);
    EXPECT_EQ(cache.find(document, state), subdir);
    EXPECT_EQ(cache.find(document, {Edition(2), 0}), nullptr);
    EXPECT_EQ(cache.find(document, {Edition(1), 1}), nullptr);
  }
  EXPECT_EQ(cache.bytes(), 2 * cost);
  SubdirCache(cost - 1).put("a/noarch", state, subdir);
  EXPECT_EQ(cache.find("a/noarch", state), nullptr) << "it made room";
}

TEST_F(CondaMirrorTest, TellsWhatTwoStatesDifferIn) {
  const auto items = [&] {
    CatalogEntry entry;
    entry.body = record().body();
    return conda_items(entry).value();
  };
  const RecordItems before = items();
  EXPECT_EQ(before.size(), 2U);
  body_.mutable_files(0)->set_removed(true);
  RecordItems after = items();
  EXPECT_EQ(after.erase({"removed", kNumpy}), 1U);
  EXPECT_EQ(after, before);
  body_.mutable_files(1)->set_metadata("{}");
  EXPECT_NE(items().at({"file", kTiny}), before.at({"file", kTiny}));
}

class CondaRecordCheckTest : public CondaMirrorTest {
 protected:
  void expect_refused(const std::string& cause, const std::string& document = "lab/linux-64",
                      const std::optional<CatalogEntry>& previous = std::nullopt) {
    const auto checked = check_.check(record(document), previous, blobs_);
    ASSERT_FALSE(checked) << cause;
    EXPECT_NE(checked.error().message().find(cause), std::string::npos)
        << checked.error().message();
  }
};

TEST_F(CondaRecordCheckTest, RefusesWhatIsNotInTheStoreOrNotNamed) {
  proto::Record bad = record();
  bad.clear_blobs();
  EXPECT_EQ(check_.check(bad, std::nullopt, blobs_).error().code, ErrorCode::kIntegrity);
  blobs_.lose(sha256(as_bytes("tiny's bytes")));
  expect_refused("not in the store");
}

TEST_F(CondaRecordCheckTest, RefusesDigestsThatAreNotTheBlobs) {
  body_.mutable_files(1)->set_metadata(metadata(kTiny, proofs("numpy's bytes")));
  expect_refused("shows another digest or size");
  std::string md5 = metadata(kTiny, proofs("tiny's bytes"));
  char& digit = md5[md5.find(R"("md5":")") + 7];
  digit = digit == '0' ? '1' : '0';
  body_.mutable_files(1)->set_metadata(md5);
  expect_refused("its md5 is not that of its bytes");
  body_.mutable_files(1)->set_metadata(
      metadata(kTiny, R"(,"size":12,"sha256":")" + sha256(as_bytes("tiny's bytes")).hex() + '"'));
  EXPECT_TRUE(check_.check(record(), std::nullopt, blobs_)) << "no md5 is none that is wrong";
  body_.mutable_files(1)->set_size(11);
  expect_refused("shows another digest or size");
}

TEST_F(CondaRecordCheckTest, RefusesNamesOutOfOrderOrUnsafe) {
  expect_refused("no channel", "noarch");
  expect_refused("channel ..", "../noarch");
  std::swap(*body_.mutable_files(0), *body_.mutable_files(1));
  expect_refused("out of order");
  std::swap(*body_.mutable_files(0), *body_.mutable_files(1));
  body_.mutable_files(1)->set_name("../" + kTiny);
  expect_refused("no proper name");
}

TEST_F(CondaRecordCheckTest, NeverReplacesTheBytesOfAVisibleFile) {
  CatalogEntry previous;
  previous.body = record().body();
  EXPECT_TRUE(check_.check(record(), previous, blobs_));
  body_.clear_files();
  add(kNumpy, "other bytes");
  expect_refused("replace a visible file", "lab/linux-64", previous);
  previous.body = "\xff";
  EXPECT_EQ(check_.check(record(), previous, blobs_).error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace sluice::high
