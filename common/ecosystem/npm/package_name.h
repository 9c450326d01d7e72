// Names of npm packages and what is made of them. The rules are those of validate-npm-package-name
// for packages that exist (capitals and "~'!()*" were allowed once and are still served).
#pragma once

#include <string>
#include <string_view>

#include "common/base/error.h"

namespace sluice::npm {

// "semver", "@types/semver". kInvalid says which rule is broken.
Result<void> check_package_name(std::string_view name);

// "semver" of "@types/semver".
std::string_view base_name(std::string_view name);

// The name as one segment of a URL's path: "@types%2fsemver", as npm writes it.
std::string url_segment(std::string_view name);

// "semver-7.5.8.tgz" for @types/semver 7.5.8.
std::string tarball_file_name(std::string_view name, std::string_view version);

}  // namespace sluice::npm
