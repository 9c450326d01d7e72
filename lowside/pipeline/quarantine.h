// Where files go that a stage refused, so that somebody can look at them.
#pragma once

#include <filesystem>
#include <string_view>

#include "common/base/error.h"
#include "lowside/pipeline/files.h"

namespace sluice::low {

// Callable from any thread.
class Quarantine {
 public:
  virtual ~Quarantine() = default;
  // Moves the file there, with a note of what it was, where it came from and why `stage` ("verify",
  // "inspect", "admit") refused it. Returns where it is now. It may be dropped at once if it alone
  // is more than quarantine may hold.
  virtual Result<std::filesystem::path> take(const FetchedFile& file, std::string_view stage,
                                             const Error& why) = 0;
};

}  // namespace sluice::low
