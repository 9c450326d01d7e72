// Digests computed while bytes stream by. OpenSSL, because its SHA-256 uses the processor's SHA
// instructions (2.0 GB/s a core where libsodium's makes 0.4).
#pragma once

#include <memory>
#include <vector>

#include "common/base/digest.h"

namespace sluice {

// One thread at a time; independent hashers may run in parallel. Usable once: finish() ends it.
class Hasher {
 public:
  // A git blob's digest starts with its length, so kGitBlobSha1 needs `size`, the number of bytes
  // that will follow.
  explicit Hasher(DigestAlgorithm algorithm, std::uint64_t size = 0);
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  ~Hasher();

  void update(ByteView bytes);
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Several digests of the same bytes in one go. SHA-256 is always among them.
class MultiHasher {
 public:
  explicit MultiHasher(const std::vector<DigestAlgorithm>& algorithms, std::uint64_t size = 0);

  void update(ByteView bytes);
  // SHA-256 first, then the others in the order asked for.
  std::vector<Digest> finish();

 private:
  std::vector<Hasher> hashers_;
};

Digest hash(DigestAlgorithm algorithm, ByteView bytes);
Sha256Digest sha256(ByteView bytes);

}  // namespace sluice
