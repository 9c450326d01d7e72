// Opening files where others may write: no symbolic link on the way is followed.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "common/base/error.h"

namespace sluice::low {

// How a file looked.
struct FileState {
  std::uint64_t size = 0;
  std::int64_t modified_nanos = 0;
  std::uint64_t inode = 0;

  auto operator<=>(const FileState&) const = default;
};

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
Result<FileState> state_of(const Descriptor& file, const std::string& thing);

// Whether some process has it open for writing, as far as the kernel tells: file leases need a
// local file system and the file's owner or CAP_LEASE (fcntl(2)); where there are none, the answer
// is no.
bool has_writer(const Descriptor& file);

}  // namespace sluice::low
