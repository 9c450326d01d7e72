#include <sodium.h>

#include "common/crypto/fingerprint.h"
#include "common/crypto/guarded.h"
#include "common/crypto/key_file.h"
#include "common/crypto/keys.h"

namespace sluice::crypto {
namespace {

constexpr std::string_view kSigningPublicTitle = "sluice signing public key v1";
constexpr std::string_view kSigningSecretTitle = "sluice signing secret key v1";

// Ed25519 signs one contiguous message; the domain before it is short, so the copy is the price
// of not signing in two steps.
Bytes with_domain(Domain domain, ByteView message) {
  const ByteView name = as_bytes(to_string(domain));
  Bytes whole;
  whole.reserve(name.size() + 1 + message.size());
  whole.insert(whole.end(), name.begin(), name.end());
  whole.push_back(0);
  whole.insert(whole.end(), message.begin(), message.end());
  return whole;
}

}  // namespace

std::string_view to_string(Domain domain) {
  switch (domain) {
    case Domain::kAnnounce:
      return "sluice announce v1";
    case Domain::kBlock:
      return "sluice block v1";
    case Domain::kShipment:
      return "sluice shipment v1";
    case Domain::kMedia:
      return "sluice media v1";
  }
  assertion_failed("a Domain that exists", __FILE__, __LINE__);
}

Result<VerifyKey> VerifyKey::load(const std::filesystem::path& path) {
  SLUICE_TRY(const Bytes bytes, read_key_file(path));
  return parse(as_text(bytes), path.string());
}

Result<VerifyKey> VerifyKey::parse(std::string_view file_text, std::string thing) {
  VerifyKey key;
  SLUICE_TRY(key.key_, parse_public_key(file_text, kSigningPublicTitle, thing));
  if (crypto_core_ed25519_is_valid_point(key.key_.data()) != 1) {
    return Error{ErrorCode::kInvalid, std::move(thing), "is not a public key of Ed25519",
                 "copy the sender's file again and compare the fingerprints"};
  }
  return key;
}

std::string VerifyKey::file_text() const { return public_key_text(key_, kSigningPublicTitle); }
KeyId VerifyKey::id() const { return key_id(key_); }
std::string VerifyKey::fingerprint() const { return key_fingerprint(key_); }

bool VerifyKey::verify(Domain domain, ByteView message, const Signature& signature) const {
  initialize_sodium();
  const Bytes whole = with_domain(domain, message);
  return crypto_sign_verify_detached(signature.data(), whole.data(), whole.size(), key_.data()) ==
         0;
}

// libsodium's form: the seed, then the public key.
struct SigningKey::Secret {
  GuardedBytes bytes{crypto_sign_SECRETKEYBYTES};
};

SigningKey::SigningKey() : secret_(std::make_unique<Secret>()) {}
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;
SigningKey::~SigningKey() = default;

SigningKey SigningKey::generate() {
  SigningKey key;
  std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> public_part{};
  crypto_sign_keypair(public_part.data(), key.secret_->bytes.data());
  key.secret_->bytes.make_read_only();
  return key;
}

Result<SigningKey> SigningKey::load(const std::filesystem::path& path) {
  SLUICE_TRY(const auto seed, load_secret_key(path, kSigningSecretTitle));
  SigningKey key;
  std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> public_part{};
  crypto_sign_seed_keypair(public_part.data(), key.secret_->bytes.data(), seed->data());
  key.secret_->bytes.make_read_only();
  return key;
}

Result<void> SigningKey::save(const std::filesystem::path& path) const {
  GuardedBytes seed(crypto_sign_SEEDBYTES);
  crypto_sign_ed25519_sk_to_seed(seed.data(), secret_->bytes.data());
  return save_secret_key(path, kSigningSecretTitle, seed);
}

VerifyKey SigningKey::verify_key() const {
  VerifyKey key;
  crypto_sign_ed25519_sk_to_pk(key.key_.data(), secret_->bytes.data());
  return key;
}

Signature SigningKey::sign(Domain domain, ByteView message) const {
  return sign_bare(with_domain(domain, message));
}

Signature SigningKey::sign_bare(ByteView message) const {
  Signature signature{};
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(),
                       secret_->bytes.data());
  return signature;
}

}  // namespace sluice::crypto
