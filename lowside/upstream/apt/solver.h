// The dependency closure of a package list, by apt's own solver. apt sees only indices that were
// fetched and verified here, through file: URIs, in folders of its own: it never asks the network,
// and nothing of this machine's apt (sources, keys, settings, installed packages) is seen.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "lowside/upstream/apt/indices.h"

namespace sluice::low {

struct ChosenPackage {
  std::string name;
  std::string version;
  std::string architecture;
  auto operator<=>(const ChosenPackage&) const = default;
};

// What one poll resolves against. The vectors run in parallel.
struct SolverInput {
  const std::vector<AcceptedSuite>& suites;
  const std::vector<std::vector<PackagesIndex>>& indices;
  const std::vector<std::string>& packages;
  const std::vector<std::string>& architectures;
  bool recommends = false;
};

struct Closure {
  std::set<ChosenPackage> packages;
  std::vector<Error> problems;  // packages that are unknown or cannot be installed: counted
};

// As if everything were to be installed on an empty system, for each architecture. Packages that
// cannot be installed together are resolved one by one. An Error: apt itself does not work.
Result<Closure> resolve(const SolverInput& input, IndexReader& indices, PollContext& context,
                        observe::Counters& counters);

}  // namespace sluice::low
