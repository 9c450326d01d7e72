// What a source remembers from poll to poll.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "common/base/digest.h"
#include "common/base/error.h"

namespace sluice::low {

struct OciTracked {
  std::string record;             // SHA-256 of the body that was shipped last
  std::set<Sha256Digest> pinned;  // wanted by digest
  std::map<Sha256Digest, std::int64_t>
      untagged;  // microseconds since 1970: since nothing leads there
};

struct OciCursor {
  std::map<std::string, OciTracked> repositories;  // by the document's name

  // JSON. "" reads as an empty cursor; kInvalid for what write() did not make.
  static Result<OciCursor> read(std::string_view text);
  std::string write() const;
};

}  // namespace sluice::low
