// Everything that a run leaves to chance, from its seed.
#pragma once

#include <cstdint>
#include <random>

#include "common/base/bytes.h"

namespace sluice::sim {

// One thread. Draws are the same on every machine: std::mt19937_64 is specified, the standard's
// distributions are not.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t next() { return engine_(); }
  std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
  std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return low + below(high - low + 1);
  }
  bool chance(double probability) {
    return static_cast<double>(engine_() >> 11U) * 0x1.0p-53 < probability;
  }
  template <class Container>
  auto& pick(Container& all) {
    return all[below(all.size())];
  }
  void fill(MutableByteView bytes) {
    for (std::size_t i = 0; i < bytes.size(); i += 8) {
      std::uint64_t word = engine_();
      for (std::size_t j = i; j < std::min(i + 8, bytes.size()); ++j, word >>= 8U) {
        bytes[j] = static_cast<std::uint8_t>(word);
      }
    }
  }

 private:
  std::mt19937_64 engine_;
};

// What libsodium gives out as random (session keys and ids, key pairs, sealed boxes) comes from
// this seed from now on, for the whole program. Nothing else of the product draws random bytes in a
// simulation: OpenSSL is given its nonces.
void seed_sodium(std::uint64_t seed);

}  // namespace sluice::sim
