// The fetcher's folder:
//   <key>.part      what has come of a file so far
//   <key>.json      beside it: {"uri", "validator", "touched_micros"}, where the rest may be asked
//   for <n>.fetched     whole, until the next stage takes it
// <key> is the SHA-256 of the URI. Callable from any thread.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/file_system.h"
#include "lowside/fetch/settings.h"

namespace sluice::low {

class PartFolder {
 public:
  PartFolder(FileSystem& files, const Clock& clock, const FetchSettings& settings)
      : files_(files), clock_(clock), settings_(settings) {}

  // Creates the folder, removes what an earlier run fetched and nobody took, and parts that are too
  // old, too many, or without their note.
  Result<void> open();

  // A part's key, which nobody else gets until it is released. A URI that is being fetched already
  // gets another key.
  std::string claim(const std::string& uri);
  void release(const std::string& key);

  std::filesystem::path part_path(const std::string& key) const;
  std::filesystem::path next_fetched_path();

  // The validator with which the rest may be asked for; none if there is no part for `uri`.
  std::optional<std::string> load_note(const std::string& key, const std::string& uri) const;
  Result<void> save_note(const std::string& key, const std::string& uri,
                         const std::string& validator);
  void drop_part(const std::string& key);  // the part and its note
  // Leaves the newest parts, at most settings.kept_parts of them.
  void sweep();

  FileSystem& files() { return files_; }

 private:
  std::filesystem::path note_path(const std::string& key) const;

  FileSystem& files_;
  const Clock& clock_;
  const FetchSettings& settings_;
  std::mutex mutex_;
  std::set<std::string> claimed_;
  std::uint64_t next_fetched_ = 0;
};

}  // namespace sluice::low
