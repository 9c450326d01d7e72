#include "lowside/verify/verifier.h"

#include <gtest/gtest.h>

#include "tests/support/events.h"
#include "tests/support/fake_fetcher.h"
#include "tests/support/fake_quarantine.h"
#include "tests/support/temporary_folder.h"

namespace sluice::low {
namespace {

class VerifierTest : public testing::Test {
 protected:
  FetchedFile fetched(std::string_view content, std::vector<DigestAlgorithm> digests = {}) {
    FetchRequest request;
    request.uri = "https://me:secret@registry.test/a.tgz";
    request.name = "a.tgz";
    request.digests = std::move(digests);
    return Fetcher::fetched(folder_ / "a", content, request);
  }
  static Digest digest_of(std::string_view content, DigestAlgorithm algorithm) {
    return hash(algorithm, as_bytes(content));
  }

  test::TemporaryFolder folder_;
  test::FakeQuarantine quarantine_;
  test::RecordedEvents events_;
  observe::Counters counters_;
  Verifier verifier_{quarantine_, posix_file_system(), counters_, events_};
};

TEST_F(VerifierTest, TakesAFileWhoseDigestsAllHold) {
  const Expectation expectation{.digests = {digest_of("hello", DigestAlgorithm::kSha512),
                                            digest_of("hello", DigestAlgorithm::kSha256)},
                                .size = 5,
                                .evidence = {{"npm-signature", "key 1"}}};
  const auto verified = verifier_.verify(fetched("hello", {DigestAlgorithm::kSha512}), expectation);
  ASSERT_TRUE(verified);
  ASSERT_EQ(verified->evidence().size(), 3U);
  EXPECT_EQ(verified->evidence()[0].kind, "npm-signature");
  EXPECT_EQ(verified->evidence()[1].detail, expectation.digests[0].to_string());
  EXPECT_TRUE(quarantine_.taken.empty());
}

TEST_F(VerifierTest, QuarantinesAnotherDigestAndSaysBoth) {
  const Digest wrong = digest_of("other", DigestAlgorithm::kSha512);
  const auto verified =
      verifier_.verify(fetched("hello", {DigestAlgorithm::kSha512}),
                       {.digests = {digest_of("hello", DigestAlgorithm::kSha256), wrong}});
  ASSERT_FALSE(verified);
  const Error& error = verified.error();
  EXPECT_EQ(error.code, ErrorCode::kIntegrity);
  EXPECT_EQ(error.thing, "a.tgz");
  EXPECT_NE(error.cause.find(wrong.to_string()), std::string::npos);
  EXPECT_NE(error.cause.find(digest_of("hello", DigestAlgorithm::kSha512).to_string()),
            std::string::npos);
  EXPECT_NE(error.cause.find("https://registry.test/a.tgz"), std::string::npos);
  EXPECT_FALSE(error.cure.empty());
  ASSERT_EQ(quarantine_.taken.size(), 1U);
  EXPECT_EQ(quarantine_.taken[0].stage, "verify");
  EXPECT_EQ(counters_.get(observe::Metric::kUpstreamBadDigest), 1U);
  const auto events = events_.named("verify.refused");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(test::field(events[0], "thing"), "a.tgz");
  EXPECT_EQ(test::field(events[0], "code"), "integrity");
  EXPECT_EQ(test::field(events[0], "origin"), "https://registry.test/a.tgz");
  EXPECT_EQ(test::field(events[0], "quarantine"), "/quarantine/1");
}

TEST_F(VerifierTest, ComputesADigestThatFetchDidNot) {
  for (const DigestAlgorithm algorithm :
       {DigestAlgorithm::kMd5, DigestAlgorithm::kSha1, DigestAlgorithm::kGitBlobSha1}) {
    EXPECT_TRUE(verifier_.verify(fetched("hello"), {.digests = {digest_of("hello", algorithm)}}));
    EXPECT_FALSE(verifier_.verify(fetched("hello"), {.digests = {digest_of("hellO", algorithm)}}));
  }
}

TEST_F(VerifierTest, QuarantinesAnotherSize) {
  const auto verified = verifier_.verify(
      fetched("hello"), {.digests = {digest_of("hello", DigestAlgorithm::kSha256)}, .size = 6});
  EXPECT_EQ(verified.error().code, ErrorCode::kIntegrity);
  EXPECT_EQ(quarantine_.taken.size(), 1U);
}

TEST_F(VerifierTest, QuarantinesWhatItsUpstreamRefuses) {
  const auto verified = verifier_.verify(
      fetched("hello"),
      {.digests = {digest_of("hello", DigestAlgorithm::kSha256)},
       .refusal = Error{ErrorCode::kIntegrity, "a.tgz", "its signature does not hold", "ask"}});
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().cause, "its signature does not hold");
  EXPECT_EQ(quarantine_.taken.size(), 1U);
  EXPECT_EQ(counters_.get(observe::Metric::kUpstreamBadDigest), 0U);
}

TEST_F(VerifierTest, WantsADigestOrEvidence) {
  EXPECT_EQ(verifier_.verify(fetched("hello"), {.size = 5}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(quarantine_.taken.size(), 1U);
  EXPECT_TRUE(verifier_.verify(fetched("hello"), {.evidence = {{"gpg", "key 1"}}}));
}

}  // namespace
}  // namespace sluice::low
