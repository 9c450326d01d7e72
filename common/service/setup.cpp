#include "common/service/setup.h"

#include <sys/stat.h>

#include <boost/algorithm/string/replace.hpp>
#include <cerrno>
#include <iostream>

#include "common/config/documents.h"

namespace sluice::service {

Result<void> make_setup_folder(const std::filesystem::path& folder) {
  FileSystem& files = posix_file_system();
  SLUICE_TRY(const bool there, files.exists(folder));
  if (there) {
    return {};
  }
  SLUICE_TRY_VOID(files.create_directories(folder));
  if (::chmod(folder.c_str(), 0750) != 0) {
    return errno_error(folder.string(), errno);
  }
  return {};
}

Result<void> write_new_file(const std::filesystem::path& path, const std::string& text) {
  FileSystem& files = posix_file_system();
  SLUICE_TRY(const bool there, files.exists(path));
  if (!there) {
    SLUICE_TRY_VOID(write_file_durably(files, path, as_bytes(text)));
  }
  std::cout << (there ? "kept  " : "made  ") << path.string() << "\n";
  return {};
}

Result<void> write_example(const config::Table& table, const std::filesystem::path& folder,
                           const std::string& name) {
  std::string text = config::example(table);
  boost::algorithm::replace_all(text, "/etc/sluice",
                                std::filesystem::absolute(folder).lexically_normal().string());
  return write_new_file(folder / name, text);
}

}  // namespace sluice::service
