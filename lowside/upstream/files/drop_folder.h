// Files that an operator lays down. Whoever may write there is not trusted: names are checked, no
// symbolic link is followed, and the bytes that are hashed are those of a copy of our own.
#pragma once

#include <filesystem>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/hasher.h"
#include "lowside/pipeline/files.h"
#include "lowside/upstream/files/cursor.h"
#include "lowside/upstream/files/settings.h"

namespace sluice::low {

// One thread at a time.
class DropFolder {
 public:
  DropFolder(const FilesSettings& settings, FileSystem& files, const Clock& clock)
      : settings_(settings), files_(files), clock_(clock) {}

  struct Scan {
    std::map<std::string, FileState> present;  // by path, regular files with names that can cross
    std::vector<std::string> settled;          // of these: unchanged for the settle period
    std::vector<Error> problems;
  };
  // Looks through the folder; what it sees is compared with what earlier calls saw. Hidden files
  // and folders, and names that end in ".part", are ignored. Error: the folder cannot be read.
  Result<Scan> scan();

  // A copy of the file in `work`, with its digests. kUnavailable: it is being written, or changed
  // while it was copied; it has to settle again.
  Result<FetchedFile> take(const std::string& path, const FileState& state,
                           const std::filesystem::path& work, const std::stop_token& stop);

  // Moves a file that has been shipped to the done folder, if it is still as it was.
  Result<void> move_to_done(const std::string& path);

 private:
  struct Seen {
    FileState state;
    SteadyTime since{};
  };
  void look_at(const std::filesystem::path& full, Scan& scan);
  Result<FileState> copy(int from, const std::string& path, const FileState& state, File& to,
                         MultiHasher& hasher, const std::stop_token& stop);

  const FilesSettings& settings_;
  FileSystem& files_;
  const Clock& clock_;
  std::map<std::string, Seen> seen_;  // as bounded as a scan is
  std::uint64_t next_copy_ = 0;
};

}  // namespace sluice::low
