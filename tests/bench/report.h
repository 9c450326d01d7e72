// What was measured of one cargo on one wire: a table for people, a line for programs.
#pragma once

#include <string>

#include "tests/bench/crossing.h"
#include "tests/bench/primitives.h"
#include "tests/bench/raw_udp.h"

namespace sluice::bench {

struct Row {
  Kind kind = Kind::kRandom;
  std::size_t mtu = 0;
  std::string segmentation;  // "off": one datagram is one packet; "on": super-packets cross whole
  std::string store;         // "tmpfs" or the folder on a disk
  RawUdp raw;
  Crossing link;
  Primitives primitives;
  double udpcast_gigabits = 0;  // 0: not measured
  double durable_gigabits = 0;  // 0: the store is in memory
  double memory_gigabits = 0;  // goodput with the store in memory, in the same run; 0: not measured
  std::size_t blobs = 0;
};

void print(const Row& row);
std::string json(const Row& row);  // one object, without the end of its line

}  // namespace sluice::bench
