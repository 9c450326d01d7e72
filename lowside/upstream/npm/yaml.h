// YAML as far as lock files use it, read by libyaml.
#pragma once

#include <boost/json/value.hpp>
#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace sluice::low {

// Its documents, as JSON: mappings are objects, sequences are arrays, and every scalar is a string,
// as it is written. kInvalid, whose cause names the line: not YAML, or with what no lock file has
// and what can make much of little or hide something: anchors and aliases, tags, keys twice or of
// more than one scalar, more than 32 levels, 2 000 000 values or 4 documents.
Result<std::vector<boost::json::value>> read_yaml(std::string_view text);

}  // namespace sluice::low
