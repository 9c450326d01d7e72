#include "lowside/pipeline/tool_folder.h"

#include <fstream>

namespace sluice::low {

void bound_cache(const std::filesystem::path& cache, std::uint64_t max_bytes) {
  std::error_code ignored;
  std::uint64_t bytes = 0;
  for (std::filesystem::recursive_directory_iterator it(cache, ignored), end; it != end;
       it.increment(ignored)) {
    if (it->is_regular_file(ignored)) {
      bytes += it->file_size(ignored);
    }
  }
  if (bytes > max_bytes) {
    std::filesystem::remove_all(cache, ignored);
  }
}

Result<void> write_text(const std::filesystem::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) {
    return Error{ErrorCode::kIo, path.string(), "cannot be written",
                 "check the space and the rights of its folder"};
  }
  return {};
}

}  // namespace sluice::low
