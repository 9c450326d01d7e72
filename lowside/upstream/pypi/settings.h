// What an operator says about one index of Python packages.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "lowside/upstream/pypi/target.h"

namespace sluice::low {

struct PypiSettings {
  std::string name;   // of the source
  std::string index;  // "https://…/simple/"
  std::chrono::seconds interval{300};
  std::vector<std::string> packages;               // requirements: "requests[socks]>=2.31"
  std::vector<std::filesystem::path> files;        // requirements.txt; read at each poll
  std::vector<std::filesystem::path> constraints;  // constraints.txt, for all of these
  std::vector<PypiTarget> targets;                 // not empty
  std::vector<std::string> sources;                // source archives that may cross: "legacy==1.0"
  bool prereleases = false;
  std::string python = "python3";  // the program; its pip module resolves
};

}  // namespace sluice::low
