#include "lowside/pipeline/safe_open.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <vector>

namespace sluice::low {

Descriptor::~Descriptor() {
  if (value_ >= 0) {
    ::close(value_);
  }
}

Result<Descriptor> open_beneath(const std::filesystem::path& folder,
                                const std::filesystem::path& path) {
  const std::string thing = (folder / path).string();
  Descriptor at(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (at.value() < 0) {
    return errno_error(thing, errno);
  }
  const std::vector<std::filesystem::path> parts(path.begin(), path.end());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    // O_NONBLOCK: a FIFO that was put in its place must not make us wait.
    const int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (last ? O_NONBLOCK : O_DIRECTORY);
    const int next = ::openat(at.value(), parts[i].c_str(), flags);
    if (next < 0) {
      if (errno == ELOOP || errno == ENOTDIR) {
        return Error{ErrorCode::kRefused, thing, "a symbolic link is on the way to it",
                     "lay down the file itself"};
      }
      return errno_error(thing, errno);
    }
    at = Descriptor(next);
  }
  struct stat info{};
  if (::fstat(at.value(), &info) != 0) {
    return errno_error(thing, errno);
  }
  if (S_ISREG(info.st_mode)) {
    return at;
  }
  return Error{ErrorCode::kRefused, thing, "is not a regular file", "lay down a file"};
}

FileState state_from(const struct stat& info) {
  return {static_cast<std::uint64_t>(info.st_size),
          std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec,
          static_cast<std::uint64_t>(info.st_ino)};
}

Result<FileState> state_of(const Descriptor& file, const std::string& thing) {
  struct stat info{};
  if (::fstat(file.value(), &info) != 0) {
    return errno_error(thing, errno);
  }
  return state_from(info);
}

bool has_writer(const Descriptor& file) {
  // Who opens it meanwhile breaks the lease, which sends us a signal: one that does nothing by
  // default, in place of SIGIO, which would end the process.
  ::fcntl(file.value(), F_SETSIG, SIGURG);
  if (::fcntl(file.value(), F_SETLEASE, F_RDLCK) == 0) {
    ::fcntl(file.value(), F_SETLEASE, F_UNLCK);
    return false;
  }
  return errno == EAGAIN;
}

}  // namespace sluice::low
