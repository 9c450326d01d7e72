// A file system in memory for simulations: no real file, no thread, the same for the same calls and
// seeds. It keeps apart what programs see and what is on the disk:
//
//   bytes   on the disk after sync() of the file; sectors of 512 bytes are written whole or not
//   names   on the disk after sync_directory() of their folder
//
// After a sync that failed, what it should have written is never written unless it is written anew.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "common/base/file_system.h"
#include "tests/support/disk_space.h"
#include "tests/support/fault_plan.h"
#include "tests/support/sim_names.h"

namespace sluice::test {

// Callable from any thread. Paths may be relative: they are taken to start at the working folder,
// as everywhere, but nothing of the real disk is read. Symbolic links do not exist.
class SimFileSystem final : public FileSystem {
 public:
  // `plan` outlives it and every File. A full `space` fails with ENOSPC what would grow, until
  // something is removed. A new name needs a free sector, but takes none.
  explicit SimFileSystem(FaultPlan& plan,
                         std::shared_ptr<DiskSpace> space = std::make_shared<DiskSpace>());

  // The power fails and comes back. Files that are open fail from now on and change nothing. Does
  // not clear the plan.
  void crash(Loss loss, std::uint64_t seed = 0);
  // The system has written everything back by itself.
  void write_back();

  // Flips a bit of a file's bytes; `bit` counts round. False if there is no such file or it is
  // empty.
  bool rot(const std::filesystem::path& path, std::uint64_t bit);
  // The same to one of the files below `folder`, by the seed: its path, or none if none has bytes.
  std::optional<std::filesystem::path> rot_any(const std::filesystem::path& folder,
                                               std::uint64_t seed);
  // Of all files below `folder`, in order of bytes.
  std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder) const;

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
  class OpenFile;
  struct Disk;
  std::shared_ptr<Disk> disk_;
};

}  // namespace sluice::test
