#include "common/base/digest.h"

#include <algorithm>

#include "common/base/text.h"

namespace sluice {
namespace {

struct AlgorithmName {
  DigestAlgorithm algorithm;
  std::string_view name;
  std::size_t size;
};

constexpr std::array kAlgorithms{AlgorithmName{DigestAlgorithm::kSha256, "sha256", 32},
                                 AlgorithmName{DigestAlgorithm::kSha512, "sha512", 64},
                                 AlgorithmName{DigestAlgorithm::kSha1, "sha1", 20},
                                 AlgorithmName{DigestAlgorithm::kMd5, "md5", 16},
                                 AlgorithmName{DigestAlgorithm::kGitBlobSha1, "git-blob-sha1", 20}};

const AlgorithmName& row(DigestAlgorithm algorithm) {
  const auto* found = std::ranges::find(kAlgorithms, algorithm, &AlgorithmName::algorithm);
  SLUICE_ASSERT(found != kAlgorithms.end());
  return *found;
}

}  // namespace

std::size_t digest_size(DigestAlgorithm algorithm) { return row(algorithm).size; }
std::string_view to_string(DigestAlgorithm algorithm) { return row(algorithm).name; }

std::optional<DigestAlgorithm> digest_algorithm_from(std::string_view name) {
  const auto* found = std::ranges::find(kAlgorithms, name, &AlgorithmName::name);
  return found == kAlgorithms.end() ? std::nullopt : std::optional(found->algorithm);
}

std::optional<Sha256Digest> Sha256Digest::from_bytes(ByteView bytes) {
  if (bytes.size() != kSize) {
    return std::nullopt;
  }
  Sha256Digest digest;
  std::ranges::copy(bytes, digest.bytes_.begin());
  return digest;
}

std::optional<Sha256Digest> Sha256Digest::from_hex(std::string_view hex) {
  const auto bytes = hex.size() == 2 * kSize ? hex_decode(hex) : std::nullopt;
  return bytes ? from_bytes(*bytes) : std::nullopt;
}

std::string Sha256Digest::hex() const { return hex_encode(bytes_); }

Digest::Digest(const Sha256Digest& sha256)
    : algorithm_(DigestAlgorithm::kSha256), bytes_(sha256.bytes().begin(), sha256.bytes().end()) {}

std::optional<Digest> Digest::from_bytes(DigestAlgorithm algorithm, ByteView bytes) {
  if (bytes.size() != digest_size(algorithm)) {
    return std::nullopt;
  }
  return Digest(algorithm, Bytes(bytes.begin(), bytes.end()));
}

std::optional<Digest> Digest::from_hex(DigestAlgorithm algorithm, std::string_view hex) {
  const auto bytes = hex.size() == 2 * digest_size(algorithm) ? hex_decode(hex) : std::nullopt;
  return bytes ? from_bytes(algorithm, *bytes) : std::nullopt;
}

std::optional<Digest> Digest::from_sri(std::string_view sri) {
  const std::size_t dash = sri.find('-');
  if (dash == std::string_view::npos) {
    return std::nullopt;
  }
  const auto algorithm = digest_algorithm_from(sri.substr(0, dash));
  // SRI allows options after a question mark; they say nothing about the bytes.
  const std::string_view encoded = sri.substr(dash + 1);
  const auto bytes = base64_decode(encoded.substr(0, encoded.find('?')));
  return algorithm && bytes ? from_bytes(*algorithm, *bytes) : std::nullopt;
}

std::string Digest::hex() const { return hex_encode(bytes_); }
std::string Digest::sri() const {
  return std::string(sluice::to_string(algorithm_)) + "-" + base64_encode(bytes_);
}
std::string Digest::to_string() const {
  return std::string(sluice::to_string(algorithm_)) + ":" + hex();
}

std::optional<Sha256Digest> Digest::as_sha256() const {
  return algorithm_ == DigestAlgorithm::kSha256 ? Sha256Digest::from_bytes(bytes_) : std::nullopt;
}

}  // namespace sluice
