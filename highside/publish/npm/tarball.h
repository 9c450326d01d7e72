// What a package's tarball says of itself.
#pragma once

#include <boost/json/object.hpp>
#include <filesystem>
#include <string>

#include "common/base/error.h"

namespace sluice::high {

// Its package.json. `thing` for messages. kIntegrity: it is no such archive, has none or two of
// them, or holds what unpacks outside of its folder. Nothing else is unpacked.
Result<boost::json::object> read_package_json(const std::string& thing,
                                              const std::filesystem::path& tarball);

}  // namespace sluice::high
