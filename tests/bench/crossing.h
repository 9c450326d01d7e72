// A cargo's way from the low side's spool to the high side's catalog.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/bench/cargo.h"
#include "tests/bench/place.h"

namespace sluice::bench {

struct Stage {
  std::string name;
  double nanos = 0;  // of processor time for a byte of blob
};

struct Crossing {
  double configured_gigabits = 0;  // on the wire
  double goodput_gigabits = 0;     // of blobs, from the first question to the last shipment listed
  double seconds = 0;
  double paced_error_percent = 0;  // of what the sender had put on the wire, while it had work
  std::uint64_t lost_blocks = 0;
  std::uint64_t kernel_drops = 0;
  bool complete = false;  // everything is listed
  std::vector<Stage> stages;
  double low_core_nanos = 0;  // for a byte of blob, all threads of the side together
  double high_core_nanos = 0;
  double zstd_nanos = 0;  // just before and just after, on the low side's core: zstd_alone.h
};

// `store`: an empty folder for the high side.
Crossing run_crossing(const Wire& wire, const Cargo& cargo, const std::filesystem::path& store,
                      double gigabits);

// At the highest rate at which no block was lost: the median of `runs`.
Crossing best_crossing(const Wire& wire, const Cargo& cargo, const std::filesystem::path& store,
                       std::size_t runs);

}  // namespace sluice::bench
