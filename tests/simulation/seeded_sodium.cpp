#include <sodium.h>

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
  source() = Random(seed);
  randombytes_set_implementation(&implementation);
}

}  // namespace sluice::sim
