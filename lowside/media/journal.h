// How far an export is, beside its volumes, so that it goes on where it was interrupted.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/media/manifest.h"
#include "lowside/media/block_feed.h"

namespace sluice::low {

// A volume whose data files are whole.
struct ClosedVolume {
  Sha256Digest sums;
  std::uint64_t bytes = 0;
  std::uint64_t first = 0;  // of the chosen shipments: the first and the last that it has parts of
  std::uint64_t last = 0;
};

struct Journal {
  std::string asked;  // what was asked for, to tell whether it is the same export
  std::string stream;
  std::uint64_t bundle = 0;
  UtcTime begun;
  std::string by;
  std::string reason;
  std::uint64_t size = 0;
  bool iso = false;
  std::string shipments;  // "1-7": the chosen ones
  std::vector<ClosedVolume> closed;
  // Of the volume under way; nothing of it is written yet while `files` is 0.
  std::uint64_t files = 0;
  std::uint64_t groups = 0;
  std::uint64_t sectors = 0;
  std::uint64_t first = 0;  // as in ClosedVolume
  FeedPosition position;    // what the next group begins with
  bool data_done = false;   // all volumes are closed, papers may be missing
};

inline constexpr std::string_view kJournalFile = ".sluice-export.json";
inline constexpr std::size_t kMaxJournalBytes = std::size_t{4} << 20;

// None: no export was interrupted in `folder`.
Result<std::optional<Journal>> read_journal(FileSystem& files, const std::filesystem::path& folder);
Result<void> write_journal(FileSystem& files, const std::filesystem::path& folder,
                           const Journal& journal);

}  // namespace sluice::low
