// What each side cannot do without, measured alone by the product's own code on the side's core.
#pragma once

#include <filesystem>
#include <vector>

#include "tests/bench/crossing.h"
#include "tests/bench/raw_udp.h"

namespace sluice::bench {

struct Primitives {
  // In nanoseconds for a byte of blob that crosses without compression: what is done with parity
  // too counts that much more.
  std::vector<Stage> low;   // read, encode, seal, send
  std::vector<Stage> high;  // take, open, SHA-256, write
};
double sum(const std::vector<Stage>& stages);

// `store`: an empty folder on the high side's disk.
Primitives measure_primitives(const Wire& wire, const RawUdp& raw,
                              const std::filesystem::path& store);

}  // namespace sluice::bench
