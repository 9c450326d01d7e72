#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <system_error>
#include <thread>

#include "common/base/direct_io.h"
#include "common/base/file_system.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

// A sync waits for the disk and not for the processor: as many as share one commit of the journal.
constexpr std::size_t kSyncsAtOnce = 8;

// Whatever its errno, also ENOSPC (file systems that find out late): what was written may be lost.
Error sync_error(const fs::path& path, int error_number) {
  Error error = errno_error(path.string(), error_number);
  error.code = ErrorCode::kIo;
  error.cause = "could not be made durable: " + error.cause;
  error.cure = "check the disk";
  return error;
}

class PosixFile final : public File {
 public:
  PosixFile(int descriptor, fs::path path) : descriptor_(descriptor), path_(std::move(path)) {}
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;
  ~PosixFile() override {
    ::close(descriptor_);
  }  // errors of a write surface in sync(), which every durable path calls

  Result<void> read_at(std::uint64_t offset, MutableByteView into) const override {
    while (!into.empty()) {
      const ssize_t got =
          ::pread(descriptor_, into.data(), into.size(), static_cast<off_t>(offset));
      if (got < 0) {
        if (errno == EINTR) {
          continue;
        }
        return errno_error(path_.string(), errno);
      }
      if (got == 0) {
        return Error{ErrorCode::kIntegrity, path_.string(),
                     "ends at byte " + std::to_string(offset) + ", before what was asked for", ""};
      }
      into = into.subspan(static_cast<std::size_t>(got));
      offset += static_cast<std::uint64_t>(got);
    }
    return {};
  }

  Result<void> write_at(std::uint64_t offset, ByteView bytes) override {
    while (!bytes.empty()) {
      const ssize_t put =
          ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (put < 0) {
        if (errno == EINTR || (errno == EINVAL && leave_direct())) {
          continue;
        }
        return errno_error(path_.string(), errno);
      }
      bytes = bytes.subspan(static_cast<std::size_t>(put));
      offset += static_cast<std::uint64_t>(put);
    }
    return {};
  }

  Result<void> sync() override {
    if (::fdatasync(descriptor_) != 0) {
      return sync_error(path_, errno);
    }
    return {};
  }

  void start_writing(std::uint64_t offset, std::uint64_t length) override {
    static_cast<void>(::sync_file_range(descriptor_, static_cast<off64_t>(offset),
                                        static_cast<off64_t>(length), SYNC_FILE_RANGE_WRITE));
  }

  Result<void> finish_writing(std::uint64_t offset, std::uint64_t length) override {
    const int status = ::sync_file_range(
        descriptor_, static_cast<off64_t>(offset), static_cast<off64_t>(length),
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
    if (status != 0) {
      return sync_error(path_, errno);
    }
    return {};
  }

  void drop_from_cache(std::uint64_t offset, std::uint64_t length) override {
    static_cast<void>(::posix_fadvise(descriptor_, static_cast<off_t>(offset),
                                      static_cast<off_t>(length), POSIX_FADV_DONTNEED));
  }

  Result<std::uint64_t> size() const override {
    struct stat info{};
    if (::fstat(descriptor_, &info) != 0) {
      return errno_error(path_.string(), errno);
    }
    return static_cast<std::uint64_t>(info.st_size);
  }

  int descriptor() const override { return descriptor_; }

 private:
  // Whether it was in use until now. What the disk refuses for where it lies is written as usual.
  bool leave_direct() {
    const int flags = ::fcntl(descriptor_, F_GETFL);
    return flags >= 0 && (flags & O_DIRECT) != 0 &&
           ::fcntl(descriptor_, F_SETFL, flags & ~O_DIRECT) == 0;
  }

  int descriptor_;
  fs::path path_;
};

Result<std::unique_ptr<File>> open(const fs::path& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0640);
  if (descriptor < 0) {
    return errno_error(path.string(), errno);
  }
  return std::unique_ptr<File>(new PosixFile(descriptor, path));
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open_for_reading(const fs::path& path) override {
    return open(path, O_RDONLY);
  }
  Result<std::unique_ptr<File>> open_for_writing(const fs::path& path) override {
    return open(path, O_RDWR | O_CREAT);
  }

  Result<void> rename(const fs::path& from, const fs::path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) {
      return errno_error(from.string() + " -> " + to.string(), errno);
    }
    return {};
  }

  Result<void> link(const fs::path& from, const fs::path& to) override {
    if (::link(from.c_str(), to.c_str()) == 0) {
      return {};
    }
    Error error = errno_error(from.string() + " -> " + to.string(), errno);
    if (errno == EEXIST) {
      error.code = ErrorCode::kInvalid;
    }
    return error;
  }

  Result<void> make_read_only(const fs::path& path) override {
    if (::chmod(path.c_str(), 0440) != 0) {
      return errno_error(path.string(), errno);
    }
    return {};
  }

  Result<void> sync_all(const std::vector<File*>& files) override {
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    Result<void> outcome;
    const auto work = [&] {
      for (std::size_t i = next++; i < files.size(); i = next++) {
        if (Result<void> synced = files[i]->sync(); !synced) {
          const std::lock_guard lock(mutex);
          outcome = std::move(synced);
        }
      }
    };
    std::vector<std::jthread> others;
    try {
      while (others.size() + 1 < std::min(files.size(), kSyncsAtOnce)) {
        others.emplace_back(work);
      }
    } catch (const std::system_error&) {  // NOLINT(bugprone-empty-catch)
      // No more threads to be had: those that there are do all of it.
    }
    work();
    others.clear();  // joins them
    return outcome;
  }

  Result<void> sync_directory(const fs::path& path) override {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
      return errno_error(path.string(), errno);
    }
    const int status = ::fsync(descriptor);
    const int error_number = errno;
    ::close(descriptor);
    if (status != 0) {
      return sync_error(path, error_number);
    }
    return {};
  }

  Result<void> remove(const fs::path& path) override {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
      return errno_error(path.string(), errno);
    }
    return {};
  }

  Result<void> punch_hole(const fs::path& path, std::uint64_t offset,
                          std::uint64_t length) override {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) {
      return errno_error(path.string(), errno);
    }
    const int status = ::fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                   static_cast<off_t>(offset), static_cast<off_t>(length));
    const int error_number = errno;
    ::close(descriptor);
    if (status != 0 && error_number != EOPNOTSUPP && error_number != ENOSYS) {
      return errno_error(path.string(), error_number);
    }
    return {};
  }

  Result<std::uint64_t> allocated_bytes(const fs::path& path) override {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) {
      return errno_error(path.string(), errno);
    }
    return static_cast<std::uint64_t>(info.st_blocks) * 512;  // whatever a block is: stat(2)
  }

  Result<void> create_directories(const fs::path& path) override {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) {
      return errno_error(path.string(), error.value());
    }
    return {};
  }

  Result<bool> exists(const fs::path& path) override {
    if (::access(path.c_str(), F_OK) == 0) {
      return true;
    }
    if (errno == ENOENT || errno == ENOTDIR) {
      return false;
    }
    return errno_error(path.string(), errno);
  }

  Result<void> list_files(const fs::path& path,
                          const std::function<void(std::string name)>& each) override {
    std::error_code error;
    fs::directory_iterator entry(path, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
      std::error_code unreadable;
      if (entry->is_regular_file(unreadable)) {
        each(entry->path().filename().string());
      }
    }
    if (error) {
      return errno_error(path.string(), error.value());
    }
    return {};
  }

  Result<std::uint64_t> free_bytes(const fs::path& path) override {
    struct statvfs info{};
    if (::statvfs(path.c_str(), &info) != 0) {
      return errno_error(path.string(), errno);
    }
    return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  }
};

}  // namespace

void write_directly(const File& file) {
  const int flags = ::fcntl(file.descriptor(), F_GETFL);
  if (flags >= 0) {
    static_cast<void>(::fcntl(file.descriptor(), F_SETFL, flags | O_DIRECT));
  }
}

FileSystem& posix_file_system() {
  static PosixFileSystem files;
  return files;
}

}  // namespace sluice
