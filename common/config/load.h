// Reads a configuration file (TOML) against a table.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/settings.h"

namespace sluice::config {

struct Problem {
  std::string where;  // "/etc/sluice/low.toml:12"
  std::string key;    // "link.rate"; empty where it is about no key
  std::string value;  // as it stands in the file; empty where there is none
  std::string cause;
  std::string cure;
};
// "/etc/sluice/low.toml:12: link.rate = "fast": is no rate (write a rate such as "500Mbit/s")"
std::string to_string(const Problem& problem);

// Everything that is wrong, not only the first thing. `settings` holds the default wherever a value
// was refused, and is to be used only if there are no problems.
struct Checked {
  Settings settings;
  std::vector<Problem> problems;
};
Checked check(const Table& table, const std::filesystem::path& file);
// The same for text; `name` stands for the file, relative paths start from `folder`.
Checked check_text(const Table& table, std::string_view text, const std::string& name,
                   const std::filesystem::path& folder);

// The settings, or one kInvalid Error that lists all problems.
Result<Settings> load(const Table& table, const std::filesystem::path& file);

}  // namespace sluice::config
