#include "lowside/upstream/pypi/simple_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::low {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kUri = "https://index.example/simple/my-pkg/";
const std::string kDigest(64, 'a');

Result<SimplePage> json(const std::string& files,
                        const std::string& meta = R"("api-version":"1.1")") {
  return read_simple_page("my-pkg", kUri, "application/vnd.pypi.simple.v1+json",
                          R"({"meta":{)" + meta + R"(},"name":"My_Pkg","files":[)" + files + "]}");
}
Result<SimplePage> html(const std::string& links) {
  return read_simple_page("my-pkg", kUri, "text/html", "<!DOCTYPE html><body>" + links);
}

TEST(SimplePage, ReadsJson) {
  const auto page = json(
      R"({"filename":"my_pkg-1.0-py3-none-any.whl","url":"../../f/my_pkg-1.0-py3-none-any.whl","hashes":{"md5":"x","sha256":")" +
          kDigest +
          R"("},"size":12,"requires-python":">=3.8","upload-time":"2024-01-02T03:04:05.6Z","core-metadata":{"sha256":")" +
          kDigest +
          R"("},"provenance":"https://index.example/p"},)"
          R"({"filename":"my-pkg-0.9.tar.gz","url":"https://files.example/a%20b#x","hashes":{},"yanked":"broken","dist-info-metadata":{"sha256":")" +
          kDigest + R"("}},{"filename":"my-pkg-0.8.zip","url":"x","hashes":{},"yanked":true})",
      R"("api-version":"1.9","_last-serial":77)");
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_EQ(page->serial, 77U);
  ASSERT_EQ(page->files.size(), 3U);
  const SimpleFile& wheel = page->files[0];
  EXPECT_EQ(wheel.url, "https://index.example/f/my_pkg-1.0-py3-none-any.whl");
  EXPECT_EQ(wheel.sha256->hex(), kDigest);
  EXPECT_EQ(wheel.size, 12U);
  EXPECT_EQ(wheel.requires_python, ">=3.8");
  EXPECT_EQ(wheel.upload_time, "2024-01-02T03:04:05.6Z");
  EXPECT_EQ(wheel.metadata->hex(), kDigest);
  EXPECT_EQ(wheel.provenance, "https://index.example/p");
  EXPECT_FALSE(wheel.yanked);
  EXPECT_EQ(page->files[1].url, "https://files.example/a%20b");
  EXPECT_FALSE(page->files[1].sha256);
  EXPECT_EQ(page->files[1].yanked_reason, "broken");
  EXPECT_TRUE(page->files[1].metadata);
  EXPECT_TRUE(page->files[2].yanked);
  EXPECT_EQ(page->files[2].url, "https://index.example/simple/my-pkg/x");
}

TEST(SimplePage, ReadsHtml) {
  const auto page =
      html("<A HREF='../../f/my_pkg-1.0%2Bcpu-py3-none-any.whl#sha256=" + kDigest +
           "' data-requires-python='&gt;=3.8' data-core-metadata='sha256=" + kDigest +
           "'>whatever</A><br><a href=\"https://files.example/my-pkg-0.9.tar.gz#md5=ab\" "
           "data-yanked=\"it&#39;s &quot;bad&quot;\">x</a><a href=my-pkg-0.8.zip#sha256=" +
           kDigest + " data-yanked data-dist-info-metadata=true>x<a name=nothing>");
  ASSERT_TRUE(page) << page.error().message();
  ASSERT_EQ(page->files.size(), 3U);
  EXPECT_EQ(page->files[0].filename, "my_pkg-1.0+cpu-py3-none-any.whl");
  EXPECT_EQ(page->files[0].url, "https://index.example/f/my_pkg-1.0%2Bcpu-py3-none-any.whl");
  EXPECT_EQ(page->files[0].sha256->hex(), kDigest);
  EXPECT_EQ(page->files[0].requires_python, ">=3.8");
  EXPECT_EQ(page->files[0].metadata->hex(), kDigest);
  EXPECT_FALSE(page->files[0].size);
  EXPECT_FALSE(page->files[1].sha256);
  EXPECT_EQ(page->files[1].yanked_reason, "it's \"bad\"");
  EXPECT_TRUE(page->files[2].yanked);
  EXPECT_EQ(page->files[2].yanked_reason, "");
  EXPECT_FALSE(page->files[2].metadata);
  const auto based = html("<base href='https://other.example/x/'><a href='my-pkg-1.0.zip'>");
  EXPECT_EQ(based->files.at(0).url, "https://other.example/x/my-pkg-1.0.zip");
}

TEST(SimplePage, PassesOverWhatIsNotCarried) {
  const auto page = json(R"({"filename":"my-pkg-1.0.exe","url":"x","hashes":{}},)"
                         R"({"filename":"my_pkg-1.0-py2.7.egg","url":"x","hashes":{}},)"
                         R"({"filename":"other-1.0.zip","url":"x","hashes":{}})");
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->files.empty());
  EXPECT_EQ(page->refused_count, 0U);
}

TEST(SimplePage, NamesHostileFileNames) {
  const auto page = json(
      R"({"filename":"../my_pkg-1.0-py3-none-any.whl","url":"x","hashes":{}},)"
      R"({"filename":"/etc/passwd","url":"x","hashes":{}},{"filename":"","url":"x","hashes":{}},)"
      R"({"filename":"m\u0443_pkg-1.0.zip","url":"x","hashes":{}},)"
      R"({"filename":"my-pkg-1.0.zip\u0000","url":"x","hashes":{}},{"filename":"my-pkg-1.0.zip","url":"x","hashes":{}})");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->files.size(), 1U);
  EXPECT_EQ(page->refused_count, 5U);
  EXPECT_THAT(page->refused, ElementsAre("../my_pkg-1.0-py3-none-any.whl", "/etc/passwd", ""));
  EXPECT_EQ(html("<a href='x/..%2fmy-pkg-1.0.zip'>")->refused_count, 1U);
}

TEST(SimplePage, AFileThatStandsTwiceWithTwoDigestsHasNone) {
  const auto one = [](const std::string& digest) {
    return R"({"filename":"my-pkg-1.0.zip","url":"x","hashes":{"sha256":")" + digest + R"("}})";
  };
  const auto same = json(one(kDigest) + "," + one(kDigest));
  ASSERT_TRUE(same);
  EXPECT_TRUE(same->files.at(0).sha256);
  EXPECT_EQ(same->refused_count, 0U);
  const auto other = json(one(kDigest) + "," + one(std::string(64, 'b')));
  ASSERT_TRUE(other);
  EXPECT_FALSE(other->files.at(0).sha256);
  EXPECT_EQ(other->refused_count, 1U);
}

TEST(SimplePage, LeavesAddressesThatAreNotHttpEmpty) {
  for (const char* url :
       {"file:///etc/passwd", "ftp://x.example/a", "javascript:x", "http://[", ""}) {
    const auto page =
        json(std::string(R"({"filename":"my-pkg-1.0.zip","hashes":{},"url":")") + url + "\"}");
    ASSERT_TRUE(page);
    const std::string& resolved = page->files.at(0).url;
    EXPECT_EQ(resolved, "") << url;
  }
}

TEST(SimplePage, RefusesGarbage) {
  for (const auto& [type, body, cause] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {"application/json", "[]", "not a JSON object"},
           {"application/json", "{", "not a JSON object"},
           {"application/json", R"({"a":)" + std::string(40, '[') + std::string(40, ']') + "}",
            "not a JSON object"},
           {"application/json", R"({"name":"my-pkg","files":[]})", "version 1"},
           {"application/json", R"({"meta":{"api-version":"2.0"},"name":"my-pkg","files":[]})",
            "version 1"},
           {"application/json", R"({"meta":{"api-version":"1.0"},"name":"other","files":[]})",
            "not about my-pkg"},
           {"application/json", R"({"meta":{"api-version":"1.0"},"name":"my-pkg"})",
            "no list of files"},
           {"application/json", R"({"meta":{"api-version":"1.0"},"name":"my-pkg","files":[1]})",
            "not an object"},
           {"text/html", "<meta name='pypi:repository-version' content='2.0'>", "version 1"},
           {"text/html", std::string("<a>\0", 4), "neither JSON nor HTML"},
           {"", "nothing of the kind", "neither JSON nor HTML"}}) {
    const auto page = read_simple_page("my-pkg", kUri, type, body);
    ASSERT_FALSE(page) << body;
    EXPECT_EQ(page.error().code, ErrorCode::kInvalid);
    EXPECT_EQ(page.error().thing, kUri);
    EXPECT_THAT(page.error().cause, HasSubstr(cause));
    EXPECT_FALSE(page.error().cure.empty());
  }
}

}  // namespace
}  // namespace sluice::low
