// Files that an operator lays down. Whoever may write there is not trusted: names are checked, no
// symbolic link is followed, and the bytes that are hashed are those of a copy of our own.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/hasher.h"
#include "lowside/pipeline/files.h"
#include "lowside/pipeline/safe_open.h"

namespace sluice::low {

struct DropSettings {
  std::filesystem::path folder;
  std::string name;  // under which its files are known: their origin is "drop:<name>/<path>"
  // A file is taken when it has not changed for so long. Seen at polls, so at least one interval.
  std::chrono::seconds settle{10};
  // Where files go by move_to_done(), on the same file system and outside of the folder.
  std::filesystem::path done{};
  std::uint64_t size_limit = 0;  // bytes of a file; 0: none
};

// One thread at a time.
class DropFolder {
 public:
  DropFolder(DropSettings settings, FileSystem& files, const Clock& clock)
      : settings_(std::move(settings)), files_(files), clock_(clock) {}

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

  // The file itself, where only parts of it are wanted. kUnavailable, as above: it is another.
  Result<Descriptor> open(const std::string& path, const FileState& state);
  // After it was read: whether it is still as it was. kUnavailable: it is not.
  Result<void> check_unchanged(const Descriptor& file, const std::string& path,
                               const FileState& state);
  // Fills from the start of `into`; gives how many bytes, 0 at the end.
  using Read = std::function<Result<std::size_t>(MutableByteView into)>;
  // A copy in `work` of what `read` gives, with its digests. kRefused: it gives more than `limit`.
  Result<FetchedFile> keep(FetchRequest request, const Read& read, std::uint64_t limit,
                           const std::filesystem::path& work, const std::stop_token& stop);
  // Makes `work`, and removes the copies of a poll that was broken off.
  Result<void> clear(const std::filesystem::path& work);

  // Moves a file that has been shipped to the done folder, if it is still as it was.
  Result<void> move_to_done(const std::string& path);

  std::string origin(const std::string& path) const;           // "drop:<name>/<path>"
  std::filesystem::path place(const std::string& path) const;  // on the disk

 private:
  struct Seen {
    FileState state;
    SteadyTime since{};
  };
  void look_at(const std::filesystem::path& full, Scan& scan);
  Result<std::uint64_t> copy(const FetchRequest& request, const Read& read, std::uint64_t limit,
                             File& to, MultiHasher& hasher, const std::stop_token& stop);
  Error changing(const std::string& path, std::string cause);

  const DropSettings settings_;
  FileSystem& files_;
  const Clock& clock_;
  std::map<std::string, Seen> seen_;  // as bounded as a scan is
  std::uint64_t next_copy_ = 0;
};

}  // namespace sluice::low
