// Where a dependency comes from, if not from a registry.
#pragma once

#include <string>
#include <string_view>

#include "common/base/error.h"

namespace sluice::low {

// A range that npm, pnpm and yarn look for elsewhere: a path, an address, a repository. Ranges hold
// no ':' or '/'; the alias "npm:name@range" and tags are answered by the registry.
bool is_outside_registry(std::string_view range);

// "packages/a", "./a": sources that travel with the project. Not "../a", "/a", "~/a", nor a
// tarball.
bool is_own_folder(std::string_view path);

// kInvalid, with what to do instead. `want` is the entry of the want-list.
Error foreign_package(const std::string& want, std::string_view package, std::string_view origin);

}  // namespace sluice::low
