// What a source remembers from poll to poll.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace sluice::low {

struct CondaTracked {
  std::string asked;          // hash of the channel's address and the selection, hex
  std::string index;          // which of the upstream's documents it was: "repodata.json.zst"
  std::string etag;           // of it; may be empty
  std::string last_modified;  // the same
  std::string record;         // SHA-256 of the record's body, hex; empty: nothing was shipped
};

struct CondaCursor {
  std::map<std::string, CondaTracked> subdirs;  // by the document's name

  // JSON. "" reads as an empty cursor; kInvalid for what write() did not make.
  static Result<CondaCursor> read(std::string_view text);
  std::string write() const;
};

}  // namespace sluice::low
