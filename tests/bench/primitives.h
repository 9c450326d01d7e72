// What each side cannot do without, measured alone by the product's own code on the side's core.
#pragma once

#include <filesystem>
#include <vector>

#include "tests/bench/cargo.h"
#include "tests/bench/crossing.h"
#include "tests/bench/raw_udp.h"

namespace sluice::bench {

struct Primitives {
  // In nanoseconds for a byte of blob that crosses without compression: what is done with parity
  // too counts that much more.
  std::vector<Stage> low;   // read, encode, seal, send
  std::vector<Stage> high;  // take, open, SHA-256, write
  double compress = 0;      // zstd of the cargo's first blob; 0 where it does not compress
};
double sum(const std::vector<Stage>& stages);

// `store`: an empty folder on the high side's disk.
Primitives measure_primitives(const Wire& wire, const Cargo& cargo, const RawUdp& raw,
                              const std::filesystem::path& store);

}  // namespace sluice::bench
