// package-lock.json, lockfileVersion 2 and 3: its `packages`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/digest.h"
#include "common/base/error.h"
#include "lowside/upstream/npm/settings.h"

namespace sluice::low {

struct LockedPackage {
  std::string name;
  std::string version;
  std::optional<Digest> integrity;  // the strongest that the lock file names
  bool optional = false;            // npm goes on without it where it does not suit the machine
};

// Every version in it that comes from a registry and is for one of the targets; bundled ones travel
// in their bundler's tarball. kInvalid: not such a file, or a package from elsewhere (git, file,
// http), named with its cure. `name` is the entry's, for messages.
Result<std::vector<LockedPackage>> read_lock_file(const std::string& name, std::string_view text,
                                                  const std::vector<NpmTarget>& targets,
                                                  bool include_dev);

// The strongest digest of an SRI string, which may hold several; none if none is known here.
std::optional<Digest> strongest_digest(std::string_view sri);

}  // namespace sluice::low
