// Package URLs (the package-url specification, ECMA-427): one way to name a package of any
// ecosystem. Without qualifiers and subpaths.
//
//   pkg:npm/%40types/node@20.1.0    pkg:pypi/zope-interface@5.4.0    pkg:deb/debian/jq@1.6-2.1
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::purl {

struct Package {
  std::string type;     // "npm", "pypi", "huggingface", "deb", "generic"
  std::string name;     // with its namespace, as the ecosystem normalises it: "@types/node"
  std::string version;  // empty: any
};

// Each segment of the name and the version are percent-encoded.
std::string package_url(const Package& package);
// What package_url() has written; none for anything else.
std::optional<Package> read_package_url(std::string_view url);

}  // namespace sluice::purl
