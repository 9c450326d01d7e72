#include <sodium.h>

#include <cstdlib>

#include "tests/simulation/random.h"

namespace sluice::sim {
namespace {

Random& source() {
  static Random random(0);
  return random;
}

const char* name() { return "simulation"; }
std::uint32_t word() { return static_cast<std::uint32_t>(source().next()); }
void fill(void* bytes, std::size_t count) {
  source().fill({static_cast<std::uint8_t*>(bytes), count});
}

}  // namespace

void seed_sodium(std::uint64_t seed) {
  static randombytes_implementation implementation{
      .implementation_name = name,
      .random = word,
      .stir = nullptr,
      .uniform = nullptr,
      .buf = fill,
      .close = nullptr,
  };
  randombytes_set_implementation(&implementation);
  // The first time it draws some for itself: before the seed, so that a run is the same as the
  // first or the last.
  if (sodium_init() < 0) {
    std::abort();
  }
  source() = Random(seed);
}

}  // namespace sluice::sim
