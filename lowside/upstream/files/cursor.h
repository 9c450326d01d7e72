// What a source of plain files remembers between polls, as JSON.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace sluice::low {

// How a file in the drop folder looked.
struct FileState {
  std::uint64_t size = 0;
  std::int64_t modified_nanos = 0;
  std::uint64_t inode = 0;

  auto operator<=>(const FileState&) const = default;
};

struct FilesCursor {
  std::map<std::string, std::string> listed;  // path -> digest of what was published from the list
  std::map<std::string, std::string> summed;  // the same from checksum files
  std::map<std::string, FileState> taken;     // path in the drop folder -> how it was when taken

  std::string serialize() const;
  // Empty text is an empty cursor. kInvalid: it is not one.
  static Result<FilesCursor> parse(std::string_view text, const std::string& source);
};

}  // namespace sluice::low
