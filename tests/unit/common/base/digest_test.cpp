#include "common/base/digest.h"

#include <gtest/gtest.h>

#include "common/base/hasher.h"
#include "common/base/text.h"

namespace sluice {
namespace {

// The empty and the "abc" values are those of FIPS 180-4 and RFC 1321; the git blob's is what
// `printf abc | git hash-object --stdin` prints.
TEST(Hasher, GivesThePublishedValues) {
  EXPECT_EQ(sha256(as_bytes("abc")).hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256({}).hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash(DigestAlgorithm::kSha1, as_bytes("abc")).hex(),
            "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hash(DigestAlgorithm::kMd5, as_bytes("abc")).hex(), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(hash(DigestAlgorithm::kGitBlobSha1, as_bytes("abc")).hex(),
            "f2ba8f84ab5c1bce84a7b441cb1959cfc7093b7f");
}

TEST(Hasher, ComputesSeveralInOnePass) {
  MultiHasher hasher({DigestAlgorithm::kSha512, DigestAlgorithm::kSha256, DigestAlgorithm::kSha1});
  hasher.update(as_bytes("a"));
  hasher.update(as_bytes("bc"));
  const auto digests = hasher.finish();
  ASSERT_EQ(digests.size(), 3U);
  EXPECT_EQ(digests[0], Digest(sha256(as_bytes("abc"))));
  EXPECT_EQ(digests[1], hash(DigestAlgorithm::kSha512, as_bytes("abc")));
  EXPECT_EQ(digests[2], hash(DigestAlgorithm::kSha1, as_bytes("abc")));
}

TEST(Digest, ReadsSubresourceIntegrity) {
  const Digest digest = hash(DigestAlgorithm::kSha512, as_bytes("abc"));
  EXPECT_EQ(Digest::from_sri(digest.sri()), digest);
  EXPECT_EQ(Digest::from_sri(digest.sri() + "?ct=application/octet-stream"), digest);
  EXPECT_FALSE(Digest::from_sri("sha512-"));
  EXPECT_FALSE(Digest::from_sri("sha512"));
  EXPECT_FALSE(Digest::from_sri("sha3-" + base64_encode(digest.bytes())));
  EXPECT_FALSE(
      Digest::from_sri("sha256-" + base64_encode(digest.bytes())));  // 64 bytes are no SHA-256
}

TEST(Sha256Digest, RefusesWhatIsNotOne) {
  const std::string hex(64, 'a');
  EXPECT_TRUE(Sha256Digest::from_hex(hex));
  EXPECT_FALSE(Sha256Digest::from_hex(hex.substr(1)));
  EXPECT_FALSE(Sha256Digest::from_hex(hex + "a"));
  EXPECT_FALSE(Sha256Digest::from_hex(std::string(63, 'a') + "g"));
  EXPECT_FALSE(Sha256Digest::from_bytes(Bytes(31)));
}

}  // namespace
}  // namespace sluice
