#include "common/base/hasher.h"

#include <openssl/evp.h>

#include <algorithm>

#include "common/base/present.h"

namespace sluice {
namespace {

const EVP_MD* implementation(DigestAlgorithm algorithm) {
  switch (algorithm) {
    case DigestAlgorithm::kSha256:
      return EVP_sha256();
    case DigestAlgorithm::kSha512:
      return EVP_sha512();
    case DigestAlgorithm::kMd5:
      return EVP_md5();
    case DigestAlgorithm::kSha1:
    case DigestAlgorithm::kGitBlobSha1:
      return EVP_sha1();
  }
  return nullptr;
}

struct ContextFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

struct Hasher::State {
  DigestAlgorithm algorithm;
  std::unique_ptr<EVP_MD_CTX, ContextFree> context{EVP_MD_CTX_new()};
};

Hasher::Hasher(DigestAlgorithm algorithm, std::uint64_t size) : state_(new State{algorithm}) {
  // Fails only where an algorithm is switched off in the whole system (FIPS mode without MD5):
  // nothing here could go on.
  SLUICE_ASSERT(EVP_DigestInit_ex(state_->context.get(), implementation(algorithm), nullptr) == 1);
  if (algorithm == DigestAlgorithm::kGitBlobSha1) {
    update(as_bytes("blob " + std::to_string(size) + std::string(1, '\0')));
  }
}

Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

void Hasher::update(ByteView bytes) {
  SLUICE_ASSERT(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

Digest Hasher::finish() {
  Bytes value(digest_size(state_->algorithm));
  SLUICE_ASSERT(EVP_DigestFinal_ex(state_->context.get(), value.data(), nullptr) == 1);
  return present(Digest::from_bytes(state_->algorithm, value));
}

MultiHasher::MultiHasher(const std::vector<DigestAlgorithm>& algorithms, std::uint64_t size) {
  hashers_.emplace_back(DigestAlgorithm::kSha256);
  for (const DigestAlgorithm algorithm : algorithms) {
    if (algorithm != DigestAlgorithm::kSha256) {
      hashers_.emplace_back(algorithm, size);
    }
  }
}

void MultiHasher::update(ByteView bytes) {
  for (Hasher& hasher : hashers_) {
    hasher.update(bytes);
  }
}

std::vector<Digest> MultiHasher::finish() {
  std::vector<Digest> digests;
  digests.reserve(hashers_.size());
  for (Hasher& hasher : hashers_) {
    digests.push_back(hasher.finish());
  }
  return digests;
}

Digest hash(DigestAlgorithm algorithm, ByteView bytes) {
  Hasher hasher(algorithm, bytes.size());
  hasher.update(bytes);
  return hasher.finish();
}

Sha256Digest sha256(ByteView bytes) {
  return present(hash(DigestAlgorithm::kSha256, bytes).as_sha256());
}

}  // namespace sluice
