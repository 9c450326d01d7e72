#include "common/ecosystem/apt/private_directory.h"

#include <cerrno>
#include <cstdlib>

namespace sluice::apt {

Result<PrivateDirectory> PrivateDirectory::make() {
  std::error_code error;
  const auto base = std::filesystem::temp_directory_path(error);
  std::string name = ((error ? "/tmp" : base) / "sluice-apt-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    return errno_error(name, errno);
  }
  return PrivateDirectory(name);
}

PrivateDirectory::~PrivateDirectory() {
  if (!path_.empty()) {
    std::error_code ignored;  // a file that gpg-agent takes away meanwhile is gone all the same
    std::filesystem::remove_all(path_, ignored);
  }
}

}  // namespace sluice::apt
