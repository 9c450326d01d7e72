// A FileSystem over real files that fails by plan and, on a crash, loses what was not synced: bytes
// of files since their last sync, and names (made, renamed, linked, removed; files and folders)
// since the last sync of the folder that they stand in.
#pragma once

#include <memory>

#include "common/base/file_system.h"
#include "tests/support/fault_plan.h"

namespace sluice::test {

// Callable from any thread, but crash() only when no other call runs. Files that were open before a
// crash must not be used after it.
class FaultyFileSystem final : public FileSystem {
 public:
  // `scratch` is a folder of its own on the file system of the files, for what a crash restores.
  // `plan` outlives the file system.
  FaultyFileSystem(FaultPlan& plan, std::filesystem::path scratch);
  ~FaultyFileSystem() override;

  using Loss = test::Loss;  // kRandom: the latest names, and the bytes of some files
  void crash(Loss loss, std::uint64_t seed = 0);

  Result<std::unique_ptr<File>> open_for_reading(const std::filesystem::path& path) override;
  Result<std::unique_ptr<File>> open_for_writing(const std::filesystem::path& path) override;
  Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  Result<void> link(const std::filesystem::path& from, const std::filesystem::path& to) override;
  Result<void> make_read_only(const std::filesystem::path& path) override;
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
  class TrackedFile;
  class Journal;
  FaultPlan& plan_;
  std::shared_ptr<Journal> journal_;
};

}  // namespace sluice::test
