#include "common/ecosystem/conda/package.h"

#include <gtest/gtest.h>

#include "common/ecosystem/conda/member_scan.h"
#include "common/ecosystem/conda/zstd_text.h"

namespace sluice::conda {
namespace {

const std::string kFile = "tiny-1.0-py_0.conda";
const std::string kSha256(64, 'a');
const std::string kMd5(32, 'b');

std::string entry(const std::string& more) {
  return R"({"name":"tiny","version":"1.0","build":"py_0")" + more + "}";
}
std::string proofs() { return R"(,"sha256":")" + kSha256 + R"(","size":17,"md5":")" + kMd5 + '"'; }

TEST(CondaPackage, HasItsDigestsAndSize) {
  const Package package =
      read_package("noarch", kFile,
                   entry(proofs() + R"(,"fn":")" + kFile + R"(","subdir":"noarch")"))
          .value();
  EXPECT_EQ(package.file.name, "tiny");
  EXPECT_EQ(package.sha256.hex(), kSha256);
  EXPECT_EQ(package.size, 17U);
  ASSERT_TRUE(package.md5);
  EXPECT_EQ(package.md5->hex(), kMd5);
}

TEST(CondaPackage, EachThingThatIsWrongIsNamed) {
  const auto cause = [](const std::string& metadata) {
    const auto read = read_package("noarch", kFile, metadata);
    return read ? std::string("nothing") : read.error().message();
  };
  EXPECT_NE(cause(entry(R"(,"size":17,"md5":")" + kMd5 + '"')).find("MD5 alone"),
            std::string::npos);
  EXPECT_NE(cause(entry(R"(,"size":17)")).find("no SHA-256"), std::string::npos);
  EXPECT_NE(cause(entry(R"(,"sha256":")" + kSha256 + '"')).find("no size"), std::string::npos);
  EXPECT_NE(cause(entry(R"(,"size":-1,"sha256":")" + kSha256 + '"')).find("no size"),
            std::string::npos);
  EXPECT_NE(cause(entry(R"(,"size":1,"md5":"x","sha256":")" + kSha256 + '"')).find("its md5"),
            std::string::npos);
  EXPECT_NE(cause(entry(R"(,"size":1,"sha256":")" + std::string(64, 'A') + '"')).find("lower case"),
            std::string::npos)
      << "clients compare text";
  EXPECT_NE(cause("[]").find("no JSON object"), std::string::npos);
  EXPECT_NE(cause(entry(proofs() + R"(,"size":18)")).find("key twice"), std::string::npos);
  EXPECT_NE(cause(entry(proofs() + R"(,"\u0073ize":18)")).find("key twice"), std::string::npos);
  EXPECT_NE(cause(entry(proofs() + R"(,"subdir":"linux-64")")).find("another name"),
            std::string::npos);
  EXPECT_NE(cause(entry(proofs() + R"(,"fn":"other")")).find("another name"), std::string::npos);
  EXPECT_NE(cause(R"({"name":"tini","version":"1.0","build":"py_0"})").find("another name"),
            std::string::npos);
  for (const std::string key : {"url", "channel"}) {
    EXPECT_NE(cause(entry(proofs() + ",\"" + key + R"(":"http://h.example/")")).find(key),
              std::string::npos);
  }
  EXPECT_NE(
      cause(entry(proofs() + R"(,"x":")" + std::string(256 << 10, 'x') + '"')).find("256 KiB"),
      std::string::npos);
}

TEST(CondaMemberScan, CutsWithoutTouching) {
  std::vector<std::pair<std::string, std::string>> found;
  each_member(R"( {"a" : {"b":[1, "}"]} , "c\"":1.50,"d":true} )", [&](std::string_view key,
                                                                       std::string_view value) {
    found.emplace_back(key, value);
    return true;
  }).value();
  EXPECT_EQ(found, (std::vector<std::pair<std::string, std::string>>{
                       {"a", R"({"b":[1, "}"]})"}, {R"(c\")", "1.50"}, {"d", "true"}}));
  std::vector<std::string> elements;
  each_element(R"(["a", {"b":2}])", [&](std::string_view value) {
    elements.emplace_back(value);
    return true;
  }).value();
  EXPECT_EQ(elements, (std::vector<std::string>{R"("a")", R"({"b":2})"}));
}

TEST(CondaMemberScan, RefusesWhatDoesNotMatch) {
  const auto refuses = [](const std::string& text) {
    return !each_member(text, [](std::string_view, std::string_view) { return true; });
  };
  for (const std::string text : {"", "[]", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}",
                                 "{\"a\":[}]}", "{\"a\":\"", "{\"a\":\"\\", "{a:1}", "{} x"}) {
    EXPECT_TRUE(refuses(text)) << text;
  }
  const auto nested = [](std::size_t levels) {
    return "{\"a\":" + std::string(levels, '[') + std::string(levels, ']') + "}";
  };
  EXPECT_FALSE(refuses(nested(64)));
  EXPECT_TRUE(refuses(nested(65)));
}

TEST(CondaZstdText, GivesBackWhatWasPackedWithinItsLimit) {
  const std::string text(1'000'000, 'x');
  const std::string packed = pack_zstd(text);
  EXPECT_LT(packed.size(), 1000U);
  EXPECT_EQ(unpack_zstd("t", packed, text.size()).value(), text);
  EXPECT_EQ(unpack_zstd("t", packed + packed, 2 * text.size()).value(), text + text);
  EXPECT_EQ(unpack_zstd("t", "{}", 2).value(), "{}") << "not packed";
  EXPECT_EQ(unpack_zstd("t", packed, text.size() - 1).error().code, ErrorCode::kRefused);
  for (std::size_t size = 4; size < packed.size(); ++size) {
    EXPECT_EQ(unpack_zstd("t", packed.substr(0, size), text.size()).error().code,
              ErrorCode::kInvalid)
        << size;
  }
  EXPECT_EQ(unpack_zstd("t", packed + "x", text.size()).error().code, ErrorCode::kInvalid);
}

}  // namespace
}  // namespace sluice::conda
