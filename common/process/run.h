// Runs another program to its end: npm, apt-get, gpgv. No shell, an explicit environment, its own
// process group (killed whole), bounded output and time.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "common/base/error.h"

namespace sluice::process {

struct Command {
  // [0] is the program; looked up in `environment`'s PATH, or
  // "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
  std::vector<std::string> arguments{};
  std::map<std::string, std::string> environment{};  // all of it; nothing is inherited
  std::filesystem::path working_directory{};         // empty: "/"
  std::string standard_input{};
  std::chrono::milliseconds time_limit{std::chrono::minutes(10)};
  // Of each stream; what exceeds it is cut off and flagged.
  std::size_t output_limit = std::size_t{16} << 20;
};

struct Outcome {
  int exit_code = -1;  // 128 + signal if it was killed
  std::string standard_output;
  std::string standard_error;
  bool output_cut = false;
};

// Any exit code is an Outcome. kNotFound: no such program (the cure names the Debian package if it
// is a known one). kUnavailable: it did not end in time and was killed. kCancelled: stop was
// requested and it was killed.
Result<Outcome> run(const Command& command, const std::stop_token& stop);

// A variable of this process's environment; none if it is unset or empty.
std::optional<std::string> environment_variable(const char* name);

}  // namespace sluice::process
