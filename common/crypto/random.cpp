#include "common/crypto/random.h"

#include <sodium.h>

#include <array>
#include <cstring>

#include "common/crypto/guarded.h"

namespace sluice::crypto {

void fill_random(MutableByteView bytes) {
  initialize_sodium();
  randombytes_buf(bytes.data(), bytes.size());
}

std::uint64_t random_u64() {
  std::array<std::uint8_t, sizeof(std::uint64_t)> bytes{};
  fill_random(bytes);
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), bytes.size());
  return value;
}

}  // namespace sluice::crypto
