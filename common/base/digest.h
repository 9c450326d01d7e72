// Digests as types: a SHA-256 names a blob, the others are aliases that ecosystems use.
#pragma once

#include <array>
#include <compare>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/error.h"

namespace sluice {

// Values are stored and sent (proto/sluice/shipment.proto, enum DigestAlgorithm): never renumber.
enum class DigestAlgorithm : std::uint8_t {
  kSha256 = 1,
  kSha512 = 2,
  kSha1 = 3,
  kMd5 = 4,
  kGitBlobSha1 = 5
};

// Bytes in a digest: 32, 64, 20, 16, 20.
std::size_t digest_size(DigestAlgorithm algorithm);
// "sha256", "sha512", "sha1", "md5", "git-blob-sha1".
std::string_view to_string(DigestAlgorithm algorithm);
std::optional<DigestAlgorithm> digest_algorithm_from(std::string_view name);

// The name of a blob.
class Sha256Digest {
 public:
  static constexpr std::size_t kSize = 32;

  Sha256Digest() = default;  // all zero: names nothing
  static std::optional<Sha256Digest> from_bytes(ByteView bytes);
  static std::optional<Sha256Digest> from_hex(std::string_view hex);

  ByteView bytes() const { return bytes_; }
  std::string hex() const;

  auto operator<=>(const Sha256Digest&) const = default;

 private:
  std::array<std::uint8_t, kSize> bytes_{};
};

// A digest of any algorithm; bytes().size() == digest_size(algorithm()) always holds.
class Digest {
 public:
  Digest(const Sha256Digest&
             sha256);  // NOLINT(google-explicit-constructor): every Sha256Digest is a Digest
  static std::optional<Digest> from_bytes(DigestAlgorithm algorithm, ByteView bytes);
  static std::optional<Digest> from_hex(DigestAlgorithm algorithm, std::string_view hex);
  // One hash of a Subresource Integrity string, such as "sha512-<base64>" (W3C SRI, as npm uses
  // it).
  static std::optional<Digest> from_sri(std::string_view sri);

  DigestAlgorithm algorithm() const { return algorithm_; }
  ByteView bytes() const { return bytes_; }
  std::string hex() const;
  std::string sri() const;
  std::string to_string() const;  // "sha512:<hex>"
  std::optional<Sha256Digest> as_sha256() const;

  auto operator<=>(const Digest&) const = default;

 private:
  Digest(DigestAlgorithm algorithm, Bytes bytes)
      : algorithm_(algorithm), bytes_(std::move(bytes)) {}

  DigestAlgorithm algorithm_;
  Bytes bytes_;
};

}  // namespace sluice

template <>
struct std::hash<sluice::Sha256Digest> {
  std::size_t operator()(const sluice::Sha256Digest& digest) const noexcept {
    std::size_t value = 0;
    std::memcpy(&value, digest.bytes().data(), sizeof value);  // a digest is uniform already
    return value;
  }
};
