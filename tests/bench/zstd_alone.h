// What zstd takes for a cargo, without the product around it.
#pragma once

#include "tests/bench/cargo.h"

namespace sluice::bench {

// Nanoseconds a byte of the cargo's first blob, compressed again and again on the calling thread at
// the level that the low side sends with; 0 where it is sent as it is. Takes half a second.
double zstd_nanos(const Cargo& cargo);

}  // namespace sluice::bench
