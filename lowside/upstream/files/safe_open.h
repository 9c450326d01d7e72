// Opening files where others may write: no symbolic link on the way is followed.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <utility>

#include "common/base/error.h"
#include "lowside/upstream/files/cursor.h"

namespace sluice::low {

// Closes on destruction.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(other.value_) { other.value_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Descriptor();
  int value() const { return value_; }

 private:
  int value_;
};

// For reading; `path` is relative to `folder`. kRefused: a symbolic link, or not a regular file.
Result<Descriptor> open_beneath(const std::filesystem::path& folder,
                                const std::filesystem::path& path);

FileState state_from(const struct stat& info);

// Whether some process has it open for writing, as far as the kernel tells: file leases need a
// local file system and the file's owner or CAP_LEASE (fcntl(2)); where there are none, the answer
// is no.
bool has_writer(const Descriptor& file);

}  // namespace sluice::low
