// What an operator says about one Hugging Face Hub.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace sluice::low {

struct HuggingFaceSettings {
  std::string name;  // of the source
  std::string hub;   // its address
  std::chrono::seconds interval{600};
  // "org/name", "org/name@revision", "datasets/org/name", "spaces/org/name". Without a revision the
  // branch main; a branch is followed, a commit stays.
  std::vector<std::string> repositories;
  // Shell patterns (fnmatch; '*' matches '/' too), as the hub's own clients take them. A file is
  // wanted if one of `include` matches, or there is none, and none of `exclude` does.
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  // A file that holds an access token, for gated and private repositories; read at each poll.
  std::filesystem::path token_file;
};

}  // namespace sluice::low
