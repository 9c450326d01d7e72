// What a source remembers from poll to poll.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace sluice::low {

struct HuggingFaceTracked {
  std::map<std::string, std::string> refs;       // what was shipped: by name, the commit
  std::map<std::string, std::string> etags;      // of the hub's answer about each of them
  std::map<std::string, std::string> revisions;  // by commit, the selection of files (selection.h)
};

struct HuggingFaceCursor {
  std::map<std::string, HuggingFaceTracked> repositories;  // by the document's name

  // JSON. "" reads as an empty cursor; kInvalid for what write() did not make.
  static Result<HuggingFaceCursor> read(std::string_view text);
  std::string write() const;
};

}  // namespace sluice::low
