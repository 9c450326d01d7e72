// /wanted.
#pragma once

#include <boost/json/array.hpp>
#include <vector>

#include "highside/wanted/wanted_list.h"

namespace sluice::high {

// Objects with "package" (a package URL), "type", "name", "version" ("" for any), "times", "first",
// "last" and "clients".
boost::json::array wanted_json(const std::vector<Wanted>& packages);

}  // namespace sluice::high
