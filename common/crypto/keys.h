// The long-lived keys: Ed25519 for signing, X25519 for sealing to a receiver. libsodium underneath;
// secret bytes live in guarded memory and are wiped. Key files are text: a line that says what it
// is ("sluice signing secret key v1"), a line of base64. A secret key's file that others may read
// is refused.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <string>

#include "common/base/bytes.h"
#include "common/base/error.h"

namespace sluice::crypto {

using Signature = std::array<std::uint8_t, 64>;
// The first bytes of SHA-256 of the public key: a hint, never a proof.
using KeyId = std::array<std::uint8_t, 8>;

// Where a signature stands; part of what is signed, so that none can be moved to another place.
enum class Domain { kAnnounce, kBlock, kShipment, kMedia };
std::string_view to_string(Domain domain);  // "sluice announce v1", …

class VerifyKey {
 public:
  static Result<VerifyKey> load(const std::filesystem::path& path);
  static Result<VerifyKey> parse(std::string_view file_text, std::string thing);
  std::string file_text() const;

  KeyId id() const;
  std::string fingerprint() const;  // for people to compare: the id and the key in groups
  // Over domain || 0x00 || message.
  bool verify(Domain domain, ByteView message, const Signature& signature) const;

  bool operator==(const VerifyKey&) const = default;

 private:
  friend class SigningKey;
  friend class Minisign;
  std::array<std::uint8_t, 32> key_{};
};

class SigningKey {
 public:
  static SigningKey generate();
  static Result<SigningKey> load(const std::filesystem::path& path);
  // Mode 0600; refuses to replace a file.
  Result<void> save(const std::filesystem::path& path) const;

  VerifyKey verify_key() const;
  Signature sign(Domain domain, ByteView message) const;

  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) noexcept;
  ~SigningKey();

 private:
  friend class Minisign;
  // Without a domain: for minisign.h alone, which says why that is safe.
  Signature sign_bare(ByteView message) const;

  SigningKey();
  struct Secret;
  std::unique_ptr<Secret> secret_;
};

// A receiver's public key.
class SealingKey {
 public:
  static Result<SealingKey> load(const std::filesystem::path& path);
  static Result<SealingKey> parse(std::string_view file_text, std::string thing);
  std::string file_text() const;

  KeyId id() const;
  std::string fingerprint() const;
  Bytes seal(ByteView message) const;  // crypto_box_seal: 48 bytes longer than the message

  bool operator==(const SealingKey&) const = default;

 private:
  friend class OpeningKey;
  std::array<std::uint8_t, 32> key_{};
};

// A receiver's secret key.
class OpeningKey {
 public:
  static OpeningKey generate();
  static Result<OpeningKey> load(const std::filesystem::path& path);
  // Mode 0600; refuses to replace a file.
  Result<void> save(const std::filesystem::path& path) const;

  SealingKey sealing_key() const;
  Result<Bytes> open(ByteView sealed) const;  // kIntegrity if it was not sealed to this key

  OpeningKey(OpeningKey&&) noexcept;
  OpeningKey& operator=(OpeningKey&&) noexcept;
  ~OpeningKey();

 private:
  OpeningKey();
  struct Secret;
  std::unique_ptr<Secret> secret_;
};

// Mode 0644; refuses to replace a file.
Result<void> save_public_key(const std::filesystem::path& path, const std::string& file_text);

}  // namespace sluice::crypto
