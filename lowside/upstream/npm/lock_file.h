// Lock files, told by their content: package-lock.json (lockfileVersion 2 and 3), pnpm-lock.yaml
// (5.4, 6 and 9), yarn.lock (of yarn 1, and of yarn 2 and later).
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
  std::optional<Digest> integrity;  // the strongest that the lock file names; none by yarn 2
  bool optional = false;            // npm goes on without it where it does not suit the machine
};

// Every version in it that comes from a registry and is for one of the targets, aliases under their
// real names; bundled ones travel in their bundler's tarball, folders of the project with it. Which
// are wanted only for development, yarn.lock does not tell: all are given. kInvalid: not such a
// file, or a package from elsewhere (git, file, http), named with its cure. `name` is the entry's,
// for messages.
Result<std::vector<LockedPackage>> read_lock_file(const std::string& name, std::string_view text,
                                                  const std::vector<NpmTarget>& targets,
                                                  bool include_dev);

// Whether it is one of those that are no JSON; package-lock.json is told by "lockfileVersion".
bool is_lock_of_yarn_or_pnpm(std::string_view text);

// The strongest digest of an SRI string, which may hold several; none if none is known here.
std::optional<Digest> strongest_digest(std::string_view sri);

}  // namespace sluice::low
