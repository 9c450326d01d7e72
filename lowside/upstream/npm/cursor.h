// What a source remembers from poll to poll.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/base/digest.h"
#include "common/base/error.h"

namespace sluice::low {

struct NpmShipped {
  std::string tarball;    // SHA-256, hex
  std::string integrity;  // the digest that the registry gave, as SRI
};

struct NpmTracked {
  std::string etag;    // of the packument that the record was made from; may be empty
  std::string answer;  // SHA-256 of that packument, hex
  std::string record;  // SHA-256 of the record's body, hex
  std::map<std::string, NpmShipped> versions;
};

struct NpmCursor {
  std::map<std::string, NpmTracked> packages;
  std::string keys;  // the registry's signing keys as they last came; empty: it never had any

  // JSON. "" reads as an empty cursor; kInvalid for what write() did not make.
  static Result<NpmCursor> read(std::string_view text);
  std::string write() const;
};

}  // namespace sluice::low
