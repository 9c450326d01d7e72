// A folder for one run of another program: mode 0700, removed with everything in it.
#pragma once

#include <filesystem>

#include "common/base/error.h"

namespace sluice::apt {

class PrivateDirectory {
 public:
  // In the system's folder for temporary files: gpg's sockets need a short path.
  static Result<PrivateDirectory> make();
  PrivateDirectory(PrivateDirectory&& other) noexcept : path_(std::move(other.path_)) {
    other.path_.clear();
  }
  PrivateDirectory& operator=(PrivateDirectory&&) = delete;
  ~PrivateDirectory();

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit PrivateDirectory(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
};

}  // namespace sluice::apt
