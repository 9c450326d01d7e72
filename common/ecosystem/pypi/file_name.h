// Names of a project's files: wheels ("Binary distribution format", PEP 427, PEP 425) and source
// archives ("Source distribution file name", PEP 625, and the freer names of before).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/ecosystem/pypi/version.h"

namespace sluice::pypi {

enum class FileKind { kWheel, kSourceArchive };

struct FileName {
  FileKind kind = FileKind::kWheel;
  Version version;
  std::string distribution;  // project and version as the name spells them: "Zope.Interface-5.4.0"
  // Of a wheel, each compressed set taken apart: "py2.py3" is two.
  std::vector<std::string> pythons;
  std::vector<std::string> abis;
  std::vector<std::string> platforms;
};

// `project`: normalised. kInvalid: not a name of a file of that project, or one with a character
// that such names do not have: a path, a space, a letter of another script.
Result<FileName> read_file_name(std::string_view project, std::string_view file);

}  // namespace sluice::pypi
