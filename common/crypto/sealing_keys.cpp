#include <sodium.h>

#include <algorithm>

#include "common/crypto/fingerprint.h"
#include "common/crypto/guarded.h"
#include "common/crypto/key_file.h"
#include "common/crypto/keys.h"

namespace sluice::crypto {
namespace {

constexpr std::string_view kSealingPublicTitle = "sluice sealing public key v1";
constexpr std::string_view kSealingSecretTitle = "sluice sealing secret key v1";

// Whether a shared secret can be made with it: libsodium refuses the few points of small order,
// for which every secret would be the same.
bool usable(const PublicBytes& key) {
  PublicBytes other{};
  GuardedBytes shared(crypto_box_BEFORENMBYTES);
  GuardedBytes throwaway(crypto_box_SECRETKEYBYTES);
  crypto_box_keypair(other.data(), throwaway.data());
  return crypto_box_beforenm(shared.data(), key.data(), throwaway.data()) == 0;
}

}  // namespace

Result<SealingKey> SealingKey::load(const std::filesystem::path& path) {
  SLUICE_TRY(const Bytes bytes, read_key_file(path));
  return parse(as_text(bytes), path.string());
}

Result<SealingKey> SealingKey::parse(std::string_view file_text, std::string thing) {
  SealingKey key;
  SLUICE_TRY(key.key_, parse_public_key(file_text, kSealingPublicTitle, thing));
  if (!usable(key.key_)) {
    return Error{ErrorCode::kInvalid, std::move(thing), "is not a usable public key of X25519",
                 "copy the receiver's file again and compare the fingerprints"};
  }
  return key;
}

std::string SealingKey::file_text() const { return public_key_text(key_, kSealingPublicTitle); }
KeyId SealingKey::id() const { return key_id(key_); }
std::string SealingKey::fingerprint() const { return key_fingerprint(key_); }

Bytes SealingKey::seal(ByteView message) const {
  initialize_sodium();
  Bytes sealed(message.size() + crypto_box_SEALBYTES);
  const int status = crypto_box_seal(sealed.data(), message.data(), message.size(), key_.data());
  SLUICE_ASSERT(status == 0);  // parse() admits no key for which it fails
  return sealed;
}

struct OpeningKey::Secret {
  GuardedBytes bytes{crypto_box_SECRETKEYBYTES};
  SealingKey public_part;
};

OpeningKey::OpeningKey() : secret_(std::make_unique<Secret>()) {}
OpeningKey::OpeningKey(OpeningKey&&) noexcept = default;
OpeningKey& OpeningKey::operator=(OpeningKey&&) noexcept = default;
OpeningKey::~OpeningKey() = default;

OpeningKey OpeningKey::generate() {
  OpeningKey key;
  crypto_box_keypair(key.secret_->public_part.key_.data(), key.secret_->bytes.data());
  key.secret_->bytes.make_read_only();
  return key;
}

Result<OpeningKey> OpeningKey::load(const std::filesystem::path& path) {
  SLUICE_TRY(const auto bytes, load_secret_key(path, kSealingSecretTitle));
  OpeningKey key;
  std::copy_n(bytes->data(), bytes->size(), key.secret_->bytes.data());
  key.secret_->bytes.make_read_only();
  crypto_scalarmult_base(key.secret_->public_part.key_.data(), key.secret_->bytes.data());
  return key;
}

Result<void> OpeningKey::save(const std::filesystem::path& path) const {
  return save_secret_key(path, kSealingSecretTitle, secret_->bytes);
}

SealingKey OpeningKey::sealing_key() const { return secret_->public_part; }

Result<Bytes> OpeningKey::open(ByteView sealed) const {
  Bytes message(sealed.size() < crypto_box_SEALBYTES ? 0 : sealed.size() - crypto_box_SEALBYTES);
  const int status =
      sealed.size() < crypto_box_SEALBYTES
          ? -1
          : crypto_box_seal_open(message.data(), sealed.data(), sealed.size(),
                                 secret_->public_part.key_.data(), secret_->bytes.data());
  if (status != 0) {
    return Error{ErrorCode::kIntegrity, "sealed message", "was not sealed to this key", ""};
  }
  return message;
}

}  // namespace sluice::crypto
