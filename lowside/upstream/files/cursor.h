// What a source of plain files remembers between polls, as JSON.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "lowside/pipeline/safe_open.h"

namespace sluice::low {

struct FilesCursor {
  std::map<std::string, std::string> listed;  // path -> digest of what was published from the list
  std::map<std::string, std::string> summed;  // the same from checksum files
  std::map<std::string, FileState> taken;     // path in the drop folder -> how it was when taken

  std::string serialize() const;
  // Empty text is an empty cursor. kInvalid: it is not one.
  static Result<FilesCursor> parse(std::string_view text, const std::string& source);
};

}  // namespace sluice::low
