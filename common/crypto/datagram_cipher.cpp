#include "common/crypto/datagram_cipher.h"

#include <openssl/evp.h>
#include <sodium.h>

#include <algorithm>

#include "common/crypto/guarded.h"
#include "common/crypto/random.h"

namespace sluice::crypto {
namespace {

constexpr std::size_t kNonceBytes = 12;
using Nonce = std::array<std::uint8_t, kNonceBytes>;

Nonce nonce_of(LaneId lane, std::uint64_t counter) {
  Nonce nonce{};  // the lane's upper three bytes stay zero
  nonce[0] = lane.value();
  for (std::size_t i = 0; i < 8; ++i) {
    nonce[4 + i] = static_cast<std::uint8_t>(counter >> (8 * i));
  }
  return nonce;
}

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

// A context that holds the key's schedule; each datagram only sets its nonce.
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

}  // namespace

SessionKey SessionKey::generate() {
  SessionKey key;
  fill_random(key.bytes_);
  return key;
}

Result<SessionKey> SessionKey::from_bytes(ByteView bytes) {
  SessionKey key;
  if (bytes.size() != key.bytes_.size()) {
    return Error{ErrorCode::kInvalid, "session key",
                 "has " + std::to_string(bytes.size()) + " bytes instead of 32", ""};
  }
  std::ranges::copy(bytes, key.bytes_.begin());
  return key;
}

SessionKey::SessionKey(SessionKey&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }

SessionKey& SessionKey::operator=(SessionKey&& other) noexcept {
  if (this != &other) {
    bytes_ = other.bytes_;
    wipe(other.bytes_);
  }
  return *this;
}

SessionKey::~SessionKey() { wipe(bytes_); }

struct Sealer::State {
  Context context;
  LaneId lane;
  std::uint64_t last = 0;
};

Sealer::Sealer(const SessionKey& key, LaneId lane)
    : state_(std::make_unique<State>(State{make_context(key, 1), lane, 0})) {}
Sealer::Sealer(Sealer&&) noexcept = default;
Sealer::~Sealer() = default;

Sealer::Ticket Sealer::next() {
  SLUICE_ASSERT(state_->last != UINT64_MAX);
  return Ticket(state_.get(), ++state_->last);
}

void Sealer::seal(Ticket ticket, ByteView header, ByteView text, MutableByteView sealed,
                  std::span<std::uint8_t, kTagBytes> tag) {
  SLUICE_ASSERT(ticket.owner_ == state_.get());  // another lane's ticket, or one that was used
  SLUICE_ASSERT(sealed.size() == text.size());
  EVP_CIPHER_CTX* context = state_->context.get();
  int written = 0;
  SLUICE_ASSERT(
      run(context, nonce_of(state_->lane, ticket.counter_), header, text, sealed.data()) &&
      EVP_CipherFinal_ex(context, tag.data(), &written) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag.data()) == 1);
}

struct Opener::State {
  Context context;
};

Opener::Opener(const SessionKey& key)
    : state_(std::make_unique<State>(State{make_context(key, 0)})) {}
Opener::Opener(Opener&&) noexcept = default;
Opener& Opener::operator=(Opener&&) noexcept = default;
Opener::~Opener() = default;

bool Opener::open(LaneId lane, std::uint64_t counter, ByteView header, MutableByteView text,
                  std::span<const std::uint8_t, kTagBytes> tag) {
  EVP_CIPHER_CTX* context = state_->context.get();
  std::array<std::uint8_t, kTagBytes> expected{};  // OpenSSL takes it as mutable
  std::ranges::copy(tag, expected.begin());
  int written = 0;
  return run(context, nonce_of(lane, counter), header, text, text.data()) &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagBytes, expected.data()) == 1 &&
         EVP_CipherFinal_ex(context, expected.data(), &written) == 1;
}

}  // namespace sluice::crypto
