// What an operator says about one conda channel.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/base/error.h"

namespace sluice::low {

struct CondaSettings {
  std::string name;      // of the source
  std::string channel;   // its address
  std::string serve_as;  // its name on the high side
  std::chrono::seconds interval{3600};
  std::vector<std::string> subdirs;
  // selection.h has the patterns.
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  // What PollContext::published_since is made of: another one asks for the index again. 0: none.
  std::chrono::seconds window{0};
};

// "pkgs/main" of "https://conda.example.org/pkgs/main/": the name that conda itself gives a
// channel.
std::string conda_channel_name(const std::string& address);

// Names, subdirs and patterns. kInvalid names the one that is wrong.
Result<void> check_settings(const CondaSettings& settings);

}  // namespace sluice::low
