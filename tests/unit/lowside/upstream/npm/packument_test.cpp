#include "lowside/upstream/npm/packument.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "common/base/hasher.h"

namespace sluice::low {
namespace {

constexpr const char* kUri = "https://registry.example/odd";

Result<NpmManifest> manifest(const std::string& dist) {
  return read_manifest(
      "odd", "1.0.0",
      R"({"name":"odd","version":"1.0.0","dist":{"tarball":"https://t.example/t")" + dist + "}}");
}

std::string sri(DigestAlgorithm algorithm, std::string_view content) {
  return hash(algorithm, as_bytes(content)).sri();
}

TEST(Manifest, NamesEveryDigestThatClientsAreShown) {
  const std::string sha1 = hash(DigestAlgorithm::kSha1, as_bytes("t")).hex();
  const auto read =
      manifest(R"(,"integrity":"md5-bad )" + sri(DigestAlgorithm::kSha512, "t") + " " +
               sri(DigestAlgorithm::kMd5, "t") + R"(","shasum":")" + sha1 + '"');
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->digest, hash(DigestAlgorithm::kSha512, as_bytes("t")));
  EXPECT_EQ(read->digests, (std::vector{hash(DigestAlgorithm::kSha512, as_bytes("t")),
                                        hash(DigestAlgorithm::kMd5, as_bytes("t")),
                                        hash(DigestAlgorithm::kSha1, as_bytes("t"))}));
}

TEST(Manifest, RefusesDigestsThatNoTarballHas) {
  const std::string one = sri(DigestAlgorithm::kSha512, "one");
  const auto twice = manifest(R"(,"integrity":")" + one + " " + one + '"');
  ASSERT_TRUE(twice);
  EXPECT_EQ(twice->digests.size(), 1);
  EXPECT_FALSE(
      manifest(R"(,"integrity":")" + one + " " + sri(DigestAlgorithm::kSha512, "other") + '"'));
  EXPECT_FALSE(manifest(R"(,"integrity":")" + sri(DigestAlgorithm::kSha1, "one") +
                        R"(","shasum":")" + std::string(40, '0') + '"'));
}

TEST(PackumentText, TakesNoKeyThatIsNoText) {
  const std::string good =
      R"({"name":"odd","versions":{"1.0.0":{}},"licen\u0073e":"MIT","\u00e9":1})";
  const auto packument = read_packument("odd", kUri, good, {"1.0.0"});
  ASSERT_TRUE(packument) << packument.error().message();
  EXPECT_EQ(boost::json::parse(packument->extra),
            boost::json::parse(R"({"license":"MIT","\u00e9":1})"));
  const auto bad = read_packument("odd", kUri,
                                  R"({"name":"odd","versions":{"1.0.0":{}},"caf)"
                                  "\xe9"
                                  R"(":1})",
                                  {"1.0.0"});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, ErrorCode::kInvalid);
}

}  // namespace
}  // namespace sluice::low
