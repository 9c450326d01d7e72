#include "highside/publish/npm/publish_document.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "common/base/text.h"
#include "common/store/disk_blob_store.h"
#include "tests/support/memory_store.h"
#include "tests/support/temporary_folder.h"

namespace sluice::high {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

class PublishDocumentTest : public testing::Test {
 protected:
  struct Read {
    json::object document;
    std::map<std::string, std::string> tarballs;
  };
  Result<Read> read(std::string_view text, std::size_t piece, std::uint64_t limit = 1000) {
    PublishDocument document(*store_, posix_file_system(), limit);
    for (std::size_t at = 0; at < text.size(); at += piece) {
      SLUICE_TRY_VOID(document.write(as_bytes(text.substr(at, piece))));
    }
    Read read;
    SLUICE_TRY(read.document, document.finish());
    for (auto& [name, staged] : document.tarballs()) {
      const auto blob = staged->finish();
      const Bytes bytes = read_file(posix_file_system(), staged->path(), 1 << 20).value();
      EXPECT_EQ(blob.info.digest, sha256(bytes));
      read.tarballs[name] = as_text(bytes);
    }
    return read;
  }
  std::string attachment(const std::string& bytes) {
    return R"({"content_type":"x","data":")" + base64_encode(as_bytes(bytes)) + R"(","length":3})";
  }

  test::TemporaryFolder folder_;
  test::FaultPlan plan_;
  test::MemoryStore index_{plan_};
  std::unique_ptr<store::BlobStore> store_ =
      store::DiskBlobStore::open(index_, posix_file_system(), folder_.path()).value();
};

TEST_F(PublishDocumentTest, TakesTheTarballOutHoweverItIsCut) {
  const std::string bytes("tar\0ball\xff\\u0041", 14);
  std::string text = R"( {"_attachments":{"a\u002f-1.tgz":)" + attachment(bytes) +
                     R"(,"b.sigstore":{"data":"{}"}},"name":"a","data":"kept","versions":{"1":)"
                     R"({"data":"d","n":[1,-2,3.5,true,null,{"data":"x"}]}}} )";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const auto got = read(text, piece);
    ASSERT_TRUE(got) << piece << got.error().message();
    ASSERT_EQ(got->tarballs.size(), 1U);
    EXPECT_EQ(got->tarballs.at("a/-1.tgz"), bytes);
    EXPECT_EQ(json::serialize(got->document),
              R"({"_attachments":{"a/-1.tgz":{"content_type":"x","data":"","length":3},)"
              R"("b.sigstore":{"data":"{}"}},"name":"a","data":"kept","versions":{"1":)"
              R"({"data":"d","n":[1,-2,3.5E0,true,null,{"data":"x"}]}}})");
  }
}

TEST_F(PublishDocumentTest, RefusesWhatIsNone) {
  for (const std::string& wrong :
       {std::string(), std::string("["), std::string("[]"), std::string("{}x"),
        std::string("{\"a\":"), std::string(R"({"_attachments":{"a.tgz":{"data":"A"}}})"),
        std::string(R"({"_attachments":{"a.tgz":{"data":"AAAA","data":"AAAA"}}})")}) {
    EXPECT_FALSE(read(wrong, 3)) << wrong;
  }
  EXPECT_FALSE(read(std::string(PublishDocument::kMaxDepth + 2, '['), 10));
}

TEST_F(PublishDocumentTest, IsBounded) {
  const auto large =
      read(R"({"_attachments":{"a.tgz":)" + attachment(std::string(1001, 'x')) + "}}", 100);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::kRefused);
  EXPECT_TRUE(
      read(R"({"_attachments":{"a.tgz":)" + attachment(std::string(1000, 'x')) + "}}", 100));
  const std::string half(PublishDocument::kMaxDocumentBytes / 2, 'x');
  const auto text = read(R"({"a":")" + half + R"(","b":")" + half + R"("})", 100'000);
  ASSERT_FALSE(text);
  EXPECT_THAT(text.error().message(), HasSubstr("README"));
  std::string nulls = "[";
  for (std::size_t i = 0; i < PublishDocument::kMaxDocumentBytes / 32; ++i) {
    nulls += "1,";
  }
  EXPECT_FALSE(read(nulls, 100'000));
  std::string many;
  for (std::size_t i = 0; i <= PublishDocument::kMaxTarballs; ++i) {
    many += (i == 0 ? "\"" : ",\"") + std::to_string(i) + ".tgz\":" + attachment("x");
  }
  EXPECT_FALSE(read(R"({"_attachments":{)" + many + "}}", 100));
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "staging"));
}

}  // namespace
}  // namespace sluice::high
