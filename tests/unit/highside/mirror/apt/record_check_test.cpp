#include "highside/mirror/apt/record_check.h"

#include "common/ecosystem/apt/compression.h"
#include "tests/unit/highside/mirror/apt/apt_mirror_fixture.h"

namespace sluice::high {
namespace {

using ::testing::HasSubstr;

const std::string kInRelease = "dists/stable/InRelease";
const std::string kXz = "dists/stable/main/binary-amd64/Packages.xz";
const std::string kDeb = "pool/main/h/hello/hello_1%3a2.10+b1_amd64.deb";

class AptRecordCheckTest : public AptMirrorTest {
 protected:
  Result<void> check(const proto::Record& record, std::optional<CatalogEntry> previous = {}) {
    return AptRecordCheck(keyrings_).check(record, previous, *blobs_);
  }
  void expect_bad(const proto::AptSuite& body, const std::string& cause,
                  ErrorCode code = ErrorCode::kIntegrity) {
    const auto result = check(record(body));
    ASSERT_FALSE(result) << cause;
    EXPECT_EQ(result.error().code, code) << result.error().message();
    EXPECT_THAT(result.error().message(), HasSubstr(cause));
    EXPECT_THAT(result.error().message(), HasSubstr(body.suite()));
  }
  // Another file in the place of this one.
  proto::AptSuite with(const std::string& path, const std::string& bytes) {
    auto changed = body();
    auto& file = file_of(changed, path);
    file.set_sha256(std::string(as_text(put(bytes).bytes())));
    file.set_size(bytes.size());
    return changed;
  }
  proto::AptSuite without(const std::string& path) {
    auto changed = body();
    auto& files = *changed.mutable_files();
    files.erase(std::ranges::find(files, path, &proto::AptFile::path));
    return changed;
  }
};

TEST_F(AptRecordCheckTest, AcceptsWhatHolds) {
  const auto result = check(record(body()));
  EXPECT_TRUE(result) << result.error().message();
  EXPECT_TRUE(check(record(without("dists/stable/Release.gpg"))).has_error());  // a Release alone
  suite_.in_release = false;
  archive_.sign(suite_, archive_.key());
  EXPECT_TRUE(check(record(body())));
}

TEST_F(AptRecordCheckTest, RefusesOtherSignatures) {
  const test::GpgKey other;
  archive_.sign(suite_, other);
  expect_bad(body(), "keys that the keyring does not hold");
  archive_.sign(suite_, archive_.key());
  std::string changed = archive_.read(kInRelease);
  changed.replace(changed.find("Origin: Test"), 12, "Origin: Evil");
  expect_bad(with(kInRelease, changed), "bad signature");
  // Only the detached signature is another's.
  expect_bad(with("dists/stable/Release.gpg", other.detach(archive_.read("dists/stable/Release"))),
             "Release: is signed by keys");
}

TEST_F(AptRecordCheckTest, RefusesIndicesThatReleaseDoesNotList) {
  expect_bad(with(kXz, apt::compress("", apt::Compression::kXz)), "another digest or size");
  auto more = body();
  add_file(more, "dists/stable/main/binary-amd64/extra", "x");
  std::ranges::sort(*more.mutable_files(), {}, &proto::AptFile::path);
  expect_bad(more, "does not list it");
}

TEST_F(AptRecordCheckTest, RefusesPackagesThatAreMissingOrOthers) {
  expect_bad(without(kDeb), "hello_1%3a2.10+b1_amd64.deb, which is not there");
  expect_bad(with(kDeb, "another package"), "which is not there");
  auto more = body();
  add_file(more, "pool/z.deb", "z");
  expect_bad(more, "nothing that is signed lists it");
}

TEST_F(AptRecordCheckTest, RefusesRecordsThatCannotBe) {
  auto one = body();
  file_of(one, kDeb).set_path("pool/../../etc/passwd");
  expect_bad(one, "does not read", ErrorCode::kInvalid);
  one = body();
  one.set_date_micros(one.date_micros() + 1);
  expect_bad(one, "Date is not the record's");
  one = body();
  file_of(one, kDeb).set_size(1);
  expect_bad(one, "its blob is not held");
  one = body();
  one.mutable_files()->SwapElements(0, 1);
  expect_bad(one, "does not read", ErrorCode::kInvalid);
  one = body();
  one.clear_files();
  expect_bad(one, "neither InRelease");
  one = body();
  one.set_archive("other");
  expect_bad(one, "no keyring is configured", ErrorCode::kRefused);

  auto broken = record(body());
  broken.set_document("debian/other");
  EXPECT_EQ(check(broken).error().code, ErrorCode::kInvalid);
  broken = record(body());
  broken.set_body("\xff\xff");
  EXPECT_EQ(check(broken).error().code, ErrorCode::kInvalid);
  broken = record(body());
  broken.clear_blobs();
  EXPECT_EQ(check(broken).error().code, ErrorCode::kIntegrity);
}

TEST_F(AptRecordCheckTest, RefusesAnOlderDate) {
  publish(record(body()));
  const auto held = catalog_.find(catalog_.current(), "apt", "debian/stable").value();
  EXPECT_TRUE(check(record(body()), held));
  suite_.date -= std::chrono::seconds(1);
  archive_.publish(suite_);
  EXPECT_EQ(check(record(body()), held).error().code, ErrorCode::kOutdated);
}

TEST_F(AptRecordCheckTest, KeyringsComeFromTheSettings) {
  EXPECT_EQ(AptKeyrings::load({{"debian", {}}}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(AptKeyrings::load({{"a/b", {folder_ / "key.asc"}}}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(AptKeyrings::load({{"debian", {folder_ / "none.asc"}}}).error().code,
            ErrorCode::kNotFound);
  EXPECT_EQ(
      AptKeyrings::load({{"debian", {folder_ / "key.asc"}}, {"debian", {folder_ / "key.asc"}}})
          .error()
          .code,
      ErrorCode::kInvalid);
}

}  // namespace
}  // namespace sluice::high
