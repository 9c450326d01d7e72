#include <openssl/evp.h>

#include <algorithm>

#include "common/crypto/aead.h"

namespace sluice::crypto {
namespace {

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

// A context that holds the key's schedule; each message only sets its nonce.
Context make_context(const SessionKey& key, int encrypt) {
  Context context(EVP_CIPHER_CTX_new());
  SLUICE_ASSERT(context != nullptr);
  SLUICE_ASSERT(EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.bytes().data(),
                                  nullptr, encrypt) == 1);
  return context;
}

// Nonce, associated data, then `in` to `out`.
bool run(EVP_CIPHER_CTX* context, const Nonce& nonce, ByteView header, ByteView in,
         std::uint8_t* out) {
  int written = 0;
  if (EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, nonce.data(), -1) != 1 ||
      EVP_CipherUpdate(context, nullptr, &written, header.data(),
                       static_cast<int>(header.size())) != 1) {
    return false;
  }
  return in.empty() ||
         EVP_CipherUpdate(context, out, &written, in.data(), static_cast<int>(in.size())) == 1;
}

class OpensslAead final : public Aead {
 public:
  explicit OpensslAead(const SessionKey& key)
      : sealing_(make_context(key, 1)), opening_(make_context(key, 0)) {}

  Tag seal(const Nonce& nonce, ByteView header, ByteView text, std::uint8_t* out) override {
    EVP_CIPHER_CTX* context = sealing_.get();
    Tag tag{};
    int written = 0;
    SLUICE_ASSERT(run(context, nonce, header, text, out) &&
                  EVP_CipherFinal_ex(context, tag.data(), &written) == 1 &&
                  EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag.data()) == 1);
    return tag;
  }

  bool open(const Nonce& nonce, ByteView header, ByteView sealed, std::uint8_t* out,
            std::span<const std::uint8_t, kTagBytes> tag) override {
    EVP_CIPHER_CTX* context = opening_.get();
    Tag expected{};  // OpenSSL takes it as mutable
    std::ranges::copy(tag, expected.begin());
    int written = 0;
    return run(context, nonce, header, sealed, out) &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagBytes, expected.data()) == 1 &&
           EVP_CipherFinal_ex(context, expected.data(), &written) == 1;
  }

 private:
  Context sealing_;
  Context opening_;
};

}  // namespace

std::unique_ptr<Aead> make_openssl_aead(const SessionKey& key) {
  return std::make_unique<OpensslAead>(key);
}

std::unique_ptr<Aead> make_aead(const SessionKey& key) {
  auto fast = make_ipsec_aead(key);
  return fast != nullptr ? std::move(fast) : make_openssl_aead(key);
}

}  // namespace sluice::crypto
