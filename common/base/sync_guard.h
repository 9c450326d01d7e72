// A FileSystem in which nothing becomes durable any more once a sync has failed.
//
// After a failed fsync(2) the kernel may mark the pages that it could not write as clean: the next
// fsync of the same file then succeeds, and the bytes are lost when the pages are dropped. So a
// failed sync must never be tried again. Here it is told once, and every later sync fails with the
// same error; the program ends, and its next start reads from the disk what is really there.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "common/base/file_system.h"

namespace sluice {

// Callable from any thread.
class SyncGuard final : public FileSystem {
 public:
  // `files` outlives this and all files that were opened through it. `failed` is called once, on
  // the thread whose sync failed (kIo).
  SyncGuard(FileSystem& files, std::function<void(const Error&)> failed);
  ~SyncGuard() override;

  Result<std::unique_ptr<File>> open_for_reading(const std::filesystem::path& path) override;
  Result<std::unique_ptr<File>> open_for_writing(const std::filesystem::path& path) override;
  Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  Result<void> link(const std::filesystem::path& from, const std::filesystem::path& to) override;
  Result<void> make_read_only(const std::filesystem::path& path) override;
  Result<void> sync_all(const std::vector<File*>& files) override;
  Result<void> sync_directory(const std::filesystem::path& path) override;
  Result<void> remove(const std::filesystem::path& path) override;
  Result<void> punch_hole(const std::filesystem::path& path, std::uint64_t offset,
                          std::uint64_t length) override;
  Result<std::uint64_t> allocated_bytes(const std::filesystem::path& path) override;
  Result<void> create_directories(const std::filesystem::path& path) override;
  Result<bool> exists(const std::filesystem::path& path) override;
  Result<void> list_files(const std::filesystem::path& path,
                          const std::function<void(std::string name)>& each) override;
  Result<std::uint64_t> free_bytes(const std::filesystem::path& path) override;

 private:
  class GuardedFile;
  Result<void> guarded(const std::function<Result<void>()>& sync);

  FileSystem& files_;
  const std::function<void(const Error&)> failed_;
  std::mutex mutex_;
  std::optional<Error> failure_;
};

}  // namespace sluice
