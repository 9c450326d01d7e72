// What a source remembers from poll to poll.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/digest.h"
#include "common/base/error.h"
#include "lowside/upstream/npm/lock_file.h"

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
  // What npm made of a want, by all that its answer depends on but the registry: it makes the same
  // of it while the packages of `packages` among them have not changed.
  std::map<std::string, std::vector<LockedPackage>> closures;

  // JSON. "" reads as an empty cursor; kInvalid for what write() did not make.
  static Result<NpmCursor> read(std::string_view text);
  std::string write() const;
};

}  // namespace sluice::low
