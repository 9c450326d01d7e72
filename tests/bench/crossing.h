// One pass over UDP on the loopback, from the low side's blobs to the high side's end.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sluice::bench {

struct CrossingSettings {
  std::size_t mtu = 1500;
  std::size_t blob_bytes = std::size_t{8} << 20;
  std::size_t blobs = 64;
  // Empty: blocks end when their signature has been checked. Else blobs are assembled, verified and
  // committed there.
  std::filesystem::path store;
};

struct Stage {
  std::string name;
  double nanos_per_byte = 0;  // processor time, of blob
};

struct Crossing {
  double configured_gigabits = 0;  // on the wire
  double goodput_gigabits = 0;     // of blobs, from the first question to the last block or blob
  double seconds = 0;
  std::uint64_t lost_blocks = 0;
  std::uint64_t kernel_drops = 0;
  bool complete = false;
  std::vector<Stage> stages;
};

// The same random blobs in every call of one process.
Crossing run_crossing(const CrossingSettings& settings, double gigabits);

// The best goodput at which no block was lost, in steps of a quarter.
Crossing best_crossing(const CrossingSettings& settings);

}  // namespace sluice::bench
