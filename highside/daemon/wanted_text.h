// What `sluice-high wanted` prints.
#pragma once

#include <string>
#include <string_view>

#include "common/base/error.h"

namespace sluice::high {

// From the daemon's /wanted: "nothing is wanted", or a line for each package, those asked for most
// first.
Result<std::string> wanted_text(std::string_view json);

// Of one type ("npm", "pypi", "huggingface", "conda", "oci", "deb", "generic"), as a want-list that
// the low side takes as it is: a want a line, in the ecosystem's own words. kInvalid: no such type.
Result<std::string> want_list(std::string_view json, std::string_view type);

}  // namespace sluice::high
