#include "common/crypto/minisign.h"

#include <gtest/gtest.h>

namespace sluice::crypto {
namespace {

constexpr std::string_view kText = "{\"timestamp\": \"2026-01-31T12:00:00Z\"}\n";

class MinisignTest : public ::testing::Test {
 protected:
  SigningKey key_ = SigningKey::generate();
  std::string signature_ = Minisign::sign(key_, as_bytes(kText), "volume:1");
};

TEST_F(MinisignTest, HoldsForItsBytesItsKeyAndItsComment) {
  const auto comment = Minisign::verify(key_.verify_key(), as_bytes(kText), signature_, "manifest");
  ASSERT_TRUE(comment) << comment.error().message();
  EXPECT_EQ(*comment, "volume:1");
}

TEST_F(MinisignTest, EveryChangedByteOfTheFileIsNoticed) {
  for (std::size_t at = 0; at < kText.size(); ++at) {
    std::string changed(kText);
    changed[at] = static_cast<char>(changed[at] ^ 1);
    const auto read = Minisign::verify(key_.verify_key(), as_bytes(changed), signature_, "m");
    ASSERT_FALSE(read) << at;
    EXPECT_EQ(read.error().code, ErrorCode::kIntegrity);
  }
}

TEST_F(MinisignTest, EveryChangedCharacterOfTheSignatureIsNoticed) {
  const std::size_t signed_from = signature_.find('\n') + 1;  // the first comment is not trusted
  for (std::size_t at = signed_from; at + 1 < signature_.size(); ++at) {
    std::string changed = signature_;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(Minisign::verify(key_.verify_key(), as_bytes(kText), changed, "m")) << at;
  }
}

TEST_F(MinisignTest, EveryPrefixIsRefused) {
  for (std::size_t length = 0; length + 1 < signature_.size(); ++length) {
    const auto cut = std::string_view(signature_).substr(0, length);
    EXPECT_FALSE(Minisign::verify(key_.verify_key(), as_bytes(kText), cut, "m")) << length;
  }
}

TEST_F(MinisignTest, AnotherKeyIsRefused) {
  const auto read = Minisign::verify(SigningKey::generate().verify_key(), as_bytes(kText),
                                     signature_, "transfer_manifest.json");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().thing, "transfer_manifest.json");
  EXPECT_EQ(read.error().cause, "it is not signed by the sender's key");
}

TEST_F(MinisignTest, ThePublicKeyIsMinisigns) {
  const std::string text = Minisign::public_key(key_.verify_key());
  EXPECT_TRUE(text.starts_with("untrusted comment: minisign public key ")) << text;
  EXPECT_EQ(text.substr(text.find('\n') + 1, 2), "RW");  // base64 of "Ed"
  EXPECT_EQ(text.size(), text.find('\n') + 1 + 56 + 1);
}

}  // namespace
}  // namespace sluice::crypto
