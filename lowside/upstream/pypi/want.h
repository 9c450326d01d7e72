// An entry of a want-list: requirements that are resolved together.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/base/file_system.h"

namespace sluice::low {

// "requests[socks]>=2.31; python_version < '3.9'" (PEP 508, without addresses).
struct PypiRequirement {
  std::string line;        // for pip, with its hashes
  std::string project;     // normalised
  std::string specifiers;  // ">=2.31"
};

struct PypiWant {
  std::string name;  // as the operator wrote it, for messages
  std::vector<PypiRequirement> requirements;

  std::string text() const;  // a requirements file
};

// kInvalid: not a requirement, or one that an index cannot answer, named with its cure.
Result<PypiRequirement> read_requirement(std::string_view line);

// Lines of a requirements or constraints file: requirements with hashes, comments, continued lines.
// Options (-r, -e, --index-url, …) are refused: where packages come from is the source's to say.
Result<PypiWant> read_requirements(const std::string& name, std::string_view text);
// Or a lock file, told by its name (lock_file.h).
Result<PypiWant> read_requirements_file(FileSystem& files, const std::filesystem::path& path);

}  // namespace sluice::low
