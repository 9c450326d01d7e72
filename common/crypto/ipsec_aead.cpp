#include "common/crypto/aead.h"

#ifdef SLUICE_IPSEC_MB

#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>

#include "common/crypto/guarded.h"

namespace sluice::crypto {
namespace {

// The library's functions for this processor: looked up once, for all threads, and kept. Null where
// it has only emulations.
const IMB_MGR* library() {
  static const IMB_MGR* const found = []() -> const IMB_MGR* {
    IMB_MGR* const manager = alloc_mb_mgr(0);
    if (manager == nullptr) {
      return nullptr;
    }
    IMB_ARCH architecture = IMB_ARCH_NONE;
    init_mb_mgr_auto(manager, &architecture);
    return architecture >= IMB_ARCH_SSE ? manager : nullptr;
  }();
  return found;
}

class IpsecAead final : public Aead {
 public:
  IpsecAead(const IMB_MGR& functions, const SessionKey& key) : functions_(functions) {
    IMB_AES256_GCM_PRE(&functions_, key.bytes().data(), &key_);
  }
  ~IpsecAead() override { wipe({reinterpret_cast<std::uint8_t*>(&key_), sizeof key_}); }
  IpsecAead(const IpsecAead&) = delete;
  IpsecAead& operator=(const IpsecAead&) = delete;

  Tag seal(const Nonce& nonce, ByteView header, ByteView text, std::uint8_t* out) override {
    Tag tag{};
    gcm_context_data context;
    IMB_AES256_GCM_ENC(&functions_, &key_, &context, out, text.data(), text.size(), nonce.data(),
                       header.data(), header.size(), tag.data(), tag.size());
    return tag;
  }

  bool open(const Nonce& nonce, ByteView header, ByteView sealed, std::uint8_t* out,
            std::span<const std::uint8_t, kTagBytes> tag) override {
    Tag computed{};
    gcm_context_data context;
    IMB_AES256_GCM_DEC(&functions_, &key_, &context, out, sealed.data(), sealed.size(),
                       nonce.data(), header.data(), header.size(), computed.data(),
                       computed.size());
    return CRYPTO_memcmp(computed.data(), tag.data(), computed.size()) == 0;
  }

 private:
  const IMB_MGR& functions_;
  gcm_key_data key_{};
};

}  // namespace

std::unique_ptr<Aead> make_ipsec_aead(const SessionKey& key) {
  const IMB_MGR* const functions = library();
  return functions == nullptr ? nullptr : std::make_unique<IpsecAead>(*functions, key);
}

}  // namespace sluice::crypto

#else

namespace sluice::crypto {

std::unique_ptr<Aead> make_ipsec_aead(const SessionKey& /*key*/) { return nullptr; }

}  // namespace sluice::crypto

#endif
