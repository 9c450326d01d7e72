// The file system as an interface: all durable writes of both daemons pass through here, so that
// tests can fill the disk, fail a write, or drop what was not synced. Callable from any thread; one
// File is used by one thread at a time, except pread, which any number may call.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/error.h"

namespace sluice {

class File {
 public:
  virtual ~File() = default;
  // Fills all of `into` from `offset`, or fails: a short file is kIntegrity.
  virtual Result<void> read_at(std::uint64_t offset, MutableByteView into) const = 0;
  virtual Result<void> write_at(std::uint64_t offset, ByteView bytes) = 0;
  virtual Result<void> sync() = 0;  // data and size durable (fdatasync)
  // Has the disk begin with these bytes now, so that less is left to sync(). Nothing is durable by
  // it. Does nothing where there is no such thing.
  virtual void start_writing(std::uint64_t /*offset*/, std::uint64_t /*length*/) {}
  // Waits until the disk has taken them, which makes nothing durable either: that needs sync(). But
  // a failure is that of a sync, and told only once.
  virtual Result<void> finish_writing(std::uint64_t /*offset*/, std::uint64_t /*length*/) {
    return {};
  }
  // Lets go of what the system has cached of these bytes, so that they are next read from the disk.
  // `length` 0: to the end. Does nothing where there is no such thing.
  virtual void drop_from_cache(std::uint64_t /*offset*/, std::uint64_t /*length*/) {}
  virtual Result<std::uint64_t> size() const = 0;
  virtual int descriptor() const = 0;  // for sendfile; -1 where there is none
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> open_for_reading(const std::filesystem::path& path) = 0;
  // Opens or creates, mode 0640, without truncating.
  virtual Result<std::unique_ptr<File>> open_for_writing(const std::filesystem::path& path) = 0;
  // Atomic, and durable only after sync_directory() of the target's folder.
  virtual Result<void> rename(const std::filesystem::path& from,
                              const std::filesystem::path& to) = 0;
  // A second name for the same file; kInvalid if `to` exists. Durable as rename() is.
  virtual Result<void> link(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  virtual Result<void> make_read_only(const std::filesystem::path& path) = 0;  // mode 0440
  // sync() of each, several at once where that is possible: they then share the file system's
  // journal and its flushes. After a failure some may not have been synced. All were opened here.
  virtual Result<void> sync_all(const std::vector<File*>& files);
  virtual Result<void> sync_directory(const std::filesystem::path& path) = 0;
  virtual Result<void> remove(const std::filesystem::path& path) = 0;  // fine if it is not there
  // Gives back the blocks of [offset, offset + length) of a file that is there; its size stays, and
  // what is read there is zeros. Durable at some time, or when the file is synced. Succeeds without
  // having done anything where the file system cannot.
  virtual Result<void> punch_hole(const std::filesystem::path& path, std::uint64_t offset,
                                  std::uint64_t length) = 0;
  // Bytes of the disk that the file takes: less than its size where it has holes.
  virtual Result<std::uint64_t> allocated_bytes(const std::filesystem::path& path) = 0;
  virtual Result<void> create_directories(const std::filesystem::path& path) = 0;
  virtual Result<bool> exists(const std::filesystem::path& path) = 0;
  // Names of the regular files directly in `path`, in no order.
  virtual Result<void> list_files(const std::filesystem::path& path,
                                  const std::function<void(std::string name)>& each) = 0;
  // Bytes that an unprivileged process may still write where `path` lies.
  virtual Result<std::uint64_t> free_bytes(const std::filesystem::path& path) = 0;
};

// The real one. Lives as long as the program.
FileSystem& posix_file_system();

// A whole small file (at most `limit` bytes, else kRefused).
Result<Bytes> read_file(FileSystem& files, const std::filesystem::path& path, std::uint64_t limit);
// Writes beside, syncs, renames, syncs the folder: afterwards `path` holds all of `bytes`, or what
// it held before.
Result<void> write_file_durably(FileSystem& files, const std::filesystem::path& path,
                                ByteView bytes);

}  // namespace sluice
