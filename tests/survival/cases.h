// The troubles of a link and what must come of them.
#pragma once

#include <string>
#include <vector>

#include "tests/survival/pair.h"

namespace sluice::survival {

// A link as an operator sets it.
struct Link {
  std::uint64_t rate = 0;
  std::size_t mtu = 1500;
  std::chrono::milliseconds outage{40};
  double redundancy = 0.125;
  std::size_t lanes = 1;

  low::TransmitSettings transmit() const;
  std::string text() const;
};

struct Case {
  Link link;
  std::string trouble;
  test::LinkFaults faults = {};
  std::chrono::milliseconds burst{0};  // of every lane, so often that each block meets at most one
  bool forged = false;                 // 10.5 datagrams for each of the stream
  bool promised = false;               // no block may be lost
};

// All of them, or those that take a second or so.
std::vector<Case> all_cases();
std::vector<Case> short_cases();

struct Outcome {
  std::string broken;  // what does not hold; empty: all does
  std::uint64_t shipments = 0;
  std::uint64_t datagrams = 0;
  std::uint64_t datagrams_lost = 0;
  std::uint64_t blocks = 0;
  std::uint64_t blocks_lost = 0;
  std::uint64_t whole_at_once = 0;  // shipments, before anything was sent again
};
Outcome run(const Case& tried, std::uint64_t seed);

}  // namespace sluice::survival
