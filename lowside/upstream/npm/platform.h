// Whether a package is for one of the machines that are mirrored for: the "os", "cpu" and "libc" of
// its manifest, read as npm does (npm-install-checks).
#pragma once

#include <boost/json/object.hpp>
#include <vector>

#include "lowside/upstream/npm/settings.h"

namespace sluice::low {

bool suits_platform(const boost::json::object& manifest, const NpmTarget& target);
// True too where there are no targets: then nothing is left out.
bool suits_any(const boost::json::object& manifest, const std::vector<NpmTarget>& targets);

}  // namespace sluice::low
