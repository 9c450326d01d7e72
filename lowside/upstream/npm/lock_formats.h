// The formats of lock files, for read_lock_file(), which tells them apart. What each gives is told
// there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "lowside/upstream/npm/lock_file.h"
#include "lowside/upstream/npm/settings.h"

namespace sluice::low {

struct LockText {
  const std::string& name;  // the want-list's entry, for messages
  std::string_view text;
  const std::vector<NpmTarget>& targets;
  bool include_dev;
};

Result<std::vector<LockedPackage>> read_package_lock(const LockText& lock);
Result<std::vector<LockedPackage>> read_pnpm_lock(const LockText& lock);
Result<std::vector<LockedPackage>> read_yarn_lock(const LockText& lock);   // yarn 2 and later
Result<std::vector<LockedPackage>> read_yarn1_lock(const LockText& lock);  // yarn 1

}  // namespace sluice::low
