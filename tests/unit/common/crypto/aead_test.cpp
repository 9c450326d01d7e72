#include "common/crypto/aead.h"

#include <gtest/gtest.h>

#include <numeric>

namespace sluice::crypto {
namespace {

// Of a datagram and its surroundings: empty, around a cipher block, around the libraries' strides,
// MTU 1500 and 9000.
constexpr std::array<std::size_t, 14> kLengths{0,   1,   15,  16,  17,   31,   48,
                                               127, 128, 129, 255, 1024, 1412, 8892};

// Both libraries, for one key. Skips where the processor has only one of them.
class AeadTest : public testing::Test {
 protected:
  void SetUp() override {
    if (ipsec_ == nullptr) {
      GTEST_SKIP() << "ipsec-mb is not built in, or does not know this processor";
    }
  }

  SessionKey key_ = SessionKey::generate();
  std::unique_ptr<Aead> openssl_ = make_openssl_aead(key_);
  std::unique_ptr<Aead> ipsec_ = make_ipsec_aead(key_);
  Nonce nonce_{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  Bytes header_ = Bytes(44, 0x5A);
};

Bytes counting(std::size_t length) {
  Bytes bytes(length);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  return bytes;
}

TEST_F(AeadTest, BothLibrariesMakeTheSameBytes) {
  for (const std::size_t length : kLengths) {
    const Bytes text = counting(length);
    Bytes one(length);
    Bytes other(length);
    EXPECT_EQ(openssl_->seal(nonce_, header_, text, one.data()),
              ipsec_->seal(nonce_, header_, text, other.data()));
    EXPECT_EQ(one, other);
    ++nonce_[0];
  }
}

TEST_F(AeadTest, BothOpenInPlaceAndApart) {
  for (Aead* aead : {openssl_.get(), ipsec_.get()}) {
    for (const std::size_t length : kLengths) {
      Bytes sealed = counting(length);
      const Tag tag = aead->seal(nonce_, header_, sealed, sealed.data());
      Bytes apart(length);
      ASSERT_TRUE(aead->open(nonce_, header_, sealed, apart.data(), tag));
      EXPECT_EQ(apart, counting(length));
      ASSERT_TRUE(aead->open(nonce_, header_, sealed, sealed.data(), tag));
      EXPECT_EQ(sealed, counting(length));
    }
  }
}

TEST_F(AeadTest, BothNoticeEveryFlippedBit) {
  for (Aead* aead : {openssl_.get(), ipsec_.get()}) {
    Bytes sealed = counting(100);
    const Tag tag = aead->seal(nonce_, header_, sealed, sealed.data());
    Bytes out(sealed.size());
    const auto noticed = [&](auto& bytes, const Bytes& header, const Bytes& text, const Tag& seen) {
      for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        EXPECT_FALSE(aead->open(nonce_, header, text, out.data(), seen)) << bit;
        bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
      }
    };
    Tag changed = tag;
    noticed(header_, header_, sealed, tag);
    noticed(sealed, header_, sealed, tag);
    noticed(changed, header_, sealed, changed);
    noticed(nonce_, header_, sealed, tag);
    EXPECT_FALSE(aead->open(nonce_, header_, sealed, out.data(), Tag{}));
    EXPECT_TRUE(aead->open(nonce_, header_, sealed, out.data(), tag));
  }
}

}  // namespace
}  // namespace sluice::crypto
