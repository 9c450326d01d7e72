// What may cross, as rules with names. Pure: the same file and policy give the same decision.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/error.h"

namespace sluice::low {

struct Policy {
  std::uint64_t max_file_size = 0;               // bytes; 0: any
  std::vector<std::string> allowed_media_types;  // media_type.h; empty: any
  std::vector<std::string> denied_names;         // shell patterns (fnmatch, '*' matches '/' too)
};

// kInvalid names the entry that is wrong.
Result<void> check_policy(const Policy& policy);

struct FileFacts {
  std::string name;
  std::uint64_t size = 0;
  std::string media_type;
};

struct Decision {
  bool admitted = false;
  std::string rule;    // "max-file-size", "denied-names:*.exe", …; "default" when no rule objects
  std::string detail;  // in words
};

Decision decide(const Policy& policy, const FileFacts& file);

}  // namespace sluice::low
