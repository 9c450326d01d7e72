// One entry of a want-list: a spec, a package.json or a lock file (lock_file.h).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/base/file_system.h"

namespace sluice::low {

struct NpmWant {
  std::string name;          // as the operator wrote it, for messages
  std::string package_json;  // a project of nothing but dependencies, for npm to resolve; or
  std::string lock;          // a lock file, used as it is
  std::string package{};     // of a spec: the package that it names
};

// "express@^4", "@types/node@20", "left-pad". kInvalid: not a spec that a registry can answer.
Result<NpmWant> want_of_spec(std::string_view spec);

// By its content. Of a package.json, only what says what depends on what is
// taken over. kInvalid: neither, or a dependency that no registry holds (git, file, http,
// workspace), named with its cure.
Result<NpmWant> want_of_file(FileSystem& files, const std::filesystem::path& path);

}  // namespace sluice::low
