#include "common/base/file_system.h"

namespace sluice {

Result<void> FileSystem::sync_all(const std::vector<File*>& files) {
  for (File* const file : files) {
    SLUICE_TRY_VOID(file->sync());
  }
  return {};
}

Result<Bytes> read_file(FileSystem& files, const std::filesystem::path& path, std::uint64_t limit) {
  SLUICE_TRY(const auto file, files.open_for_reading(path));
  SLUICE_TRY(const std::uint64_t size, file->size());
  if (size > limit) {
    return Error{
        ErrorCode::kRefused, path.string(),
        "is " + std::to_string(size) + " bytes, more than the limit of " + std::to_string(limit),
        ""};
  }
  Bytes bytes(size);
  SLUICE_TRY_VOID(file->read_at(0, bytes));
  return bytes;
}

Result<void> write_file_durably(FileSystem& files, const std::filesystem::path& path,
                                ByteView bytes) {
  std::filesystem::path beside = path;
  beside += ".new";
  SLUICE_TRY_VOID(files.remove(beside));
  {
    SLUICE_TRY(const auto file, files.open_for_writing(beside));
    SLUICE_TRY_VOID(file->write_at(0, bytes));
    SLUICE_TRY_VOID(file->sync());
  }
  SLUICE_TRY_VOID(files.rename(beside, path));
  return files.sync_directory(path.parent_path());
}

}  // namespace sluice
