// What lock files name, for comparing: "name@version", with "?" where it is optional.
#pragma once

#include <gtest/gtest.h>

#include "lowside/upstream/npm/lock_file.h"

namespace sluice::low {

struct LockOptions {
  std::vector<NpmTarget> targets{NpmTarget{}};
  bool include_dev = true;
};

inline std::vector<std::string> locked(std::string_view text, const LockOptions& options = {}) {
  const auto packages = read_lock_file("lock", text, options.targets, options.include_dev);
  if (!packages) {
    ADD_FAILURE() << packages.error().message();
    return {};
  }
  std::vector<std::string> found;
  for (const LockedPackage& package : *packages) {
    found.push_back(package.name + "@" + package.version + (package.optional ? "?" : ""));
  }
  return found;
}

inline std::string refusal(std::string_view text) {
  const auto packages = read_lock_file("lock", text, {NpmTarget{}}, true);
  EXPECT_FALSE(packages) << text;
  return packages ? "" : packages.error().message();
}

}  // namespace sluice::low
