#include "common/crypto/minisign.h"

#include <sodium.h>

#include <algorithm>

#include "common/base/text.h"
#include "common/crypto/guarded.h"

namespace sluice::crypto {
namespace {

constexpr std::size_t kHashBytes = crypto_generichash_BYTES_MAX;  // BLAKE2b-512
constexpr std::string_view kUntrusted = "untrusted comment: ";
constexpr std::string_view kTrusted = "trusted comment: ";

std::array<std::uint8_t, kHashBytes> hash_of(ByteView file) {
  std::array<std::uint8_t, kHashBytes> hash{};
  crypto_generichash(hash.data(), hash.size(), file.data(), file.size(), nullptr, 0);
  return hash;
}

// As minisign prints it: the bytes as a little-endian number.
std::string key_number(const KeyId& id) {
  Bytes reversed(id.rbegin(), id.rend());
  std::string hex = hex_encode(reversed);
  std::ranges::transform(hex, hex.begin(), [](char c) {
    return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return hex;
}

Bytes tagged(std::string_view tag, const KeyId& id, ByteView rest) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.bytes(as_bytes(tag));
  writer.bytes(id);
  writer.bytes(rest);
  return bytes;
}

Bytes globally_signed(const Signature& signature, std::string_view comment) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.bytes(signature);
  writer.bytes(as_bytes(comment));
  return bytes;
}

bool holds(ByteView message, const Signature& signature,
           const std::array<std::uint8_t, 32>& public_key) {
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                     public_key.data()) == 0;
}

struct Parts {
  KeyId id{};
  Signature signature{};
  std::string comment;
  Signature global{};
};

// Only the one way in which bytes are written: the spare bits of the last character too.
std::optional<Bytes> decoded(std::string_view text) {
  auto bytes = base64_decode(text);
  return bytes && base64_encode(*bytes) == text ? std::move(bytes) : std::nullopt;
}

std::optional<Parts> parse(std::string_view text) {
  if (text.size() > kMaxMinisignBytes) {
    return std::nullopt;
  }
  const auto lines = split(text, '\n');
  if (lines.size() < 4 || !lines[0].starts_with(kUntrusted) || !lines[2].starts_with(kTrusted)) {
    return std::nullopt;
  }
  const auto first = decoded(trim(lines[1]));
  const auto second = decoded(trim(lines[3]));
  Parts parts;
  if (!first || !second || second->size() != parts.global.size()) {
    return std::nullopt;
  }
  ByteReader reader(*first);
  const ByteView tag = reader.bytes(2);
  const ByteView id = reader.bytes(parts.id.size());
  const ByteView signature = reader.bytes(parts.signature.size());
  if (!reader.at_end() || as_text(tag) != "ED") {
    return std::nullopt;
  }
  std::ranges::copy(id, parts.id.begin());
  std::ranges::copy(signature, parts.signature.begin());
  std::ranges::copy(*second, parts.global.begin());
  std::string_view comment = lines[2].substr(kTrusted.size());
  if (comment.ends_with('\r')) {
    comment.remove_suffix(1);
  }
  if (comment.size() > kMaxTrustedComment) {
    return std::nullopt;
  }
  parts.comment = std::string(comment);
  return parts;
}

}  // namespace

std::string Minisign::public_key(const VerifyKey& key) {
  return std::string(kUntrusted) + "minisign public key " + key_number(key.id()) + "\n" +
         base64_encode(tagged("Ed", key.id(), key.key_)) + "\n";
}

std::string Minisign::sign(const SigningKey& key, ByteView file, std::string_view trusted_comment) {
  SLUICE_ASSERT(trusted_comment.size() <= kMaxTrustedComment &&
                trusted_comment.find('\n') == std::string_view::npos);
  initialize_sodium();
  const Signature signature = key.sign_bare(hash_of(file));
  const Signature global = key.sign_bare(globally_signed(signature, trusted_comment));
  return std::string(kUntrusted) + "signature from a Sluice sender's key\n" +
         base64_encode(tagged("ED", key.verify_key().id(), signature)) + "\n" +
         std::string(kTrusted) + std::string(trusted_comment) + "\n" + base64_encode(global) + "\n";
}

Result<std::string> Minisign::verify(const VerifyKey& key, ByteView file,
                                     std::string_view signature, const std::string& thing) {
  initialize_sodium();
  const auto parts = parse(signature);
  if (!parts) {
    return Error{ErrorCode::kInvalid, thing, "its signature is none of minisign's", ""};
  }
  if (parts->id != key.id() || !holds(hash_of(file), parts->signature, key.key_) ||
      !holds(globally_signed(parts->signature, parts->comment), parts->global, key.key_)) {
    return Error{ErrorCode::kIntegrity, thing, "it is not signed by the sender's key",
                 "it was changed, or comes from another sender"};
  }
  return parts->comment;
}

}  // namespace sluice::crypto
