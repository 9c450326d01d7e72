// Quarantine as a folder: <time>-<n>.file and, beside it, <time>-<n>.json with what it was and why
// it is here. The oldest are dropped when there are too many.
#pragma once

#include <deque>
#include <mutex>
#include <string>

#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/observe/counters.h"
#include "lowside/pipeline/quarantine.h"

namespace sluice::low {

struct QuarantineSettings {
  std::filesystem::path folder;  // on the file system of the fetcher's folder
  std::size_t max_files = 1000;  // as many as a person may still look through
  std::uint64_t max_bytes = std::uint64_t{10} << 30;
};

class QuarantineFolder final : public Quarantine {
 public:
  QuarantineFolder(QuarantineSettings settings, FileSystem& files, const Clock& clock,
                   observe::Counters& counters)
      : settings_(std::move(settings)), files_(files), clock_(clock), counters_(counters) {}

  // Creates the folder and takes stock of what is there.
  Result<void> open();
  Result<std::filesystem::path> take(const FetchedFile& file, std::string_view stage,
                                     const Error& why) override;

 private:
  struct Entry {
    std::string name;  // without ending
    std::uint64_t size = 0;
  };

  Result<void> drop_oldest();
  std::filesystem::path file_path(const std::string& name) const;
  std::filesystem::path note_path(const std::string& name) const;

  QuarantineSettings settings_;
  FileSystem& files_;
  const Clock& clock_;
  observe::Counters& counters_;
  std::mutex mutex_;
  std::deque<Entry> entries_;  // oldest first, at most max_files
  std::uint64_t bytes_ = 0;
  std::uint64_t next_ = 0;
};

}  // namespace sluice::low
