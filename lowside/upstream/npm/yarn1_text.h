// The text of yarn 1's yarn.lock, which is like YAML and is none: entries at the start of a line,
// their fields two spaces further in, dependencies as fields of a field.
//
//   "@babel/core@^7.1.0", "@babel/core@^7.7.5":
//     version "7.12.3"
//     resolved "https://registry.example/@babel/core/-/core-7.12.3.tgz#1b43…"
//     dependencies:
//       debug "^4.1.0"
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace sluice::low {

struct Yarn1Entry {
  std::vector<std::string> patterns;          // "name@range"; at least one
  std::map<std::string, std::string> fields;  // without dependencies
};

// kInvalid, whose cause names the line: not such a text, or more than 1 000 000 patterns and
// fields.
Result<std::vector<Yarn1Entry>> read_yarn1_text(std::string_view text);

}  // namespace sluice::low
