#include "highside/mirror/apt/apt_mirror.h"

#include "common/ecosystem/apt/compression.h"
#include "tests/unit/highside/mirror/apt/apt_mirror_fixture.h"

namespace sluice::high {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kRoot = "/apt/debian/";
const std::string kFolder = "dists/stable/main/binary-amd64/";

TEST_F(AptMirrorTest, ServesEveryFileBitForBit) {
  const auto suite = body();
  publish(record(suite));
  for (const auto& file : suite.files()) {
    const auto answer = get(kRoot + file.path());
    EXPECT_EQ(answer.status, 200U) << file.path();
    EXPECT_EQ(text(answer), archive_.read(file.path()));
    EXPECT_THAT(header(answer, "ETag"), Not(testing::IsEmpty()));
  }
  EXPECT_EQ(header(get(kRoot + "pool/main/h/hello/hello_1%3a2.10+b1_amd64.deb"), "Content-Type"),
            "application/vnd.debian.binary-package");
}

TEST_F(AptMirrorTest, AnswersByEveryHashThatReleaseLists) {
  publish(record(body()));
  const std::string bytes = archive_.read(kFolder + "Packages.xz");
  for (const auto& [name, algorithm] :
       {std::pair("SHA256", DigestAlgorithm::kSha256),
        std::pair("SHA512", DigestAlgorithm::kSha512), std::pair("SHA1", DigestAlgorithm::kSha1),
        std::pair("MD5Sum", DigestAlgorithm::kMd5)}) {
    const std::string hex = hash(algorithm, as_bytes(bytes)).hex();
    const auto answer = get(kRoot + kFolder + "by-hash/" + name + "/" + hex);
    EXPECT_EQ(answer.status, 200U) << name;
    EXPECT_EQ(text(answer), bytes);
  }
}

TEST_F(AptMirrorTest, ByHashReachesOnlyTheFolderOfTheSuite) {
  publish(record(body()));
  const auto hex = [](const std::string& bytes) { return sha256(as_bytes(bytes)).hex(); };
  const std::string deb = hex(archive_.read("pool/main/h/hello/hello_1%3a2.10+b1_amd64.deb"));
  put("held, but no file of the suite");
  for (const std::string& path :
       {kFolder + "by-hash/SHA256/" + deb,
        "dists/stable/by-hash/SHA256/" + hex(archive_.read(kFolder + "Packages.xz")),
        kFolder + "by-hash/SHA256/" + hex("held, but no file of the suite"),
        kFolder + "by-hash/SHA512/" +
            hash(DigestAlgorithm::kSha512, as_bytes("held, but no file of the suite")).hex(),
        kFolder + "by-hash/SHA256/zz", kFolder + "by-hash/SHA3/" + deb, kFolder + "by-hash/SHA256",
        kFolder + "by-hash/", std::string("dists/other/by-hash/SHA256/" + deb)}) {
    EXPECT_EQ(get(kRoot + path).status, 404U) << path;
  }
}

TEST_F(AptMirrorTest, KeepsTheEditionBeforeForClientsInTheMiddleOfAnUpdate) {
  publish(record(body()));
  const std::string old_index = archive_.read(kFolder + "Packages.xz");
  const std::string old_hash = "by-hash/SHA256/" + sha256(as_bytes(old_index)).hex();
  const std::string old_deb = "pool/main/h/hello/hello_1%3a2.10+b1_amd64.deb";
  const auto next = [&](const std::string& version) {
    std::filesystem::remove_all(archive_.path("pool"));
    archive_.add({.name = "hello", .version = version});
    suite_.date += std::chrono::hours(1);
    archive_.publish(suite_);
    publish(record(body()));
  };
  next("3");
  EXPECT_EQ(text(get(kRoot + kFolder + old_hash)), old_index);
  EXPECT_EQ(get(kRoot + old_deb).status, 200U);
  EXPECT_EQ(get(kRoot + "pool/main/h/hello/hello_3_amd64.deb").status, 200U);
  EXPECT_EQ(text(get(kRoot + "dists/stable/InRelease")), archive_.read("dists/stable/InRelease"));
  // A mirror that starts anew knows it too.
  AptMirror another("/apt", keyrings_, catalog_, *blobs_);
  http::Request request;
  request.method = "GET";
  request.path = kRoot + kFolder + old_hash;
  EXPECT_EQ(another.handle(request).status, 200U);
  next("4");
  EXPECT_EQ(get(kRoot + kFolder + old_hash).status, 404U);
  EXPECT_EQ(get(kRoot + old_deb).status, 404U);
}

TEST_F(AptMirrorTest, AnswersConditionalAndRangeRequests) {
  publish(record(body()));
  const std::string path = kRoot + "dists/stable/InRelease";
  const auto first = get(path);
  EXPECT_EQ(header(first, "Last-Modified"), format_http_date(suite_.date));
  EXPECT_EQ(get(path, {{"If-Modified-Since", header(first, "Last-Modified")}}).status, 304U);
  EXPECT_EQ(get(path, {{"If-None-Match", header(first, "ETag")}}).status, 304U);
  const auto part = get(path, {{"Range", "bytes=5-9"}});
  EXPECT_EQ(part.status, 206U);
  EXPECT_EQ(text(part), archive_.read("dists/stable/InRelease").substr(5, 5));
}

TEST_F(AptMirrorTest, SaysAtOnceWhatIsNotHere) {
  EXPECT_EQ(get(kRoot + "dists/stable/InRelease").status, 404U);
  publish(record(body()));
  for (const char* path :
       {"/apt/debian/dists/testing/InRelease", "/apt/debian/pool/x.deb",
        "/apt/other/dists/stable/InRelease",
        "/apt/debian/pool/main/h/hello/hello_1:2.10+b1_amd64.deb", "/apt/debian/dists/stable/"}) {
    const auto answer = get(path);
    EXPECT_EQ(answer.status, 404U) << path;
    EXPECT_THAT(text(answer), HasSubstr(path));
  }
}

TEST_F(AptMirrorTest, TellsClientsHowToUseIt) {
  EXPECT_THAT(text(get("/apt")), HasSubstr("Nothing has arrived yet"));
  publish(record(body()));
  for (const char* path : {"/apt", "/apt/", "/apt/debian", "/apt/debian/"}) {
    EXPECT_THAT(text(get(path)), HasSubstr("curl -fsS http://high.test/apt/debian/debian.asc"))
        << path;
  }
  EXPECT_THAT(text(get(kRoot + "dists/")), HasSubstr("stable/  of Sun, 01 Feb 2026"));
  EXPECT_EQ(text(get(kRoot + "debian.asc")), archive_.key().armored());
  EXPECT_EQ(text(get(kRoot + "debian.sources", {}, "signed-by=/tmp/a%2bb.asc")),
            "Types: deb\nURIs: http://high.test/apt/debian\nSuites: stable\nComponents: main\n"
            "Architectures: amd64\nSigned-By: /tmp/a+b.asc\n");
  EXPECT_THAT(text(get(kRoot + "debian.sources")), HasSubstr("/etc/apt/keyrings/debian.asc"));
  for (const char* query :
       {"signed-by=relative", "signed-by=/a%0aTrusted:%20yes", "signed-by=/../x"}) {
    EXPECT_EQ(get(kRoot + "debian.sources", {}, query).status, 400U) << query;
  }
}

TEST_F(AptMirrorTest, OnlyALostPackageIsNotGiven) {
  publish(record(body()));
  const std::string path = "pool/main/h/hello/hello_1%3a2.10+b1_amd64.deb";
  const Sha256Digest digest = sha256(as_bytes(archive_.read(path)));
  ASSERT_TRUE(catalog_.lost().add({{digest, {}, "", {}, {}, {}}}));
  EXPECT_EQ(get(kRoot + path).status, 503U);
  EXPECT_EQ(get(kRoot + "dists/stable/InRelease").status, 200U);  // signed: it stays as it is
  ASSERT_TRUE(catalog_.lost().found(digest));
  EXPECT_EQ(text(get(kRoot + path)), archive_.read(path));
}

}  // namespace
}  // namespace sluice::high
