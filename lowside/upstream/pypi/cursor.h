// What a source remembers from poll to poll.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "lowside/upstream/pypi/resolver.h"

namespace sluice::low {

struct PypiShipped {
  std::string sha256;          // hex
  std::string metadata;        // of a wheel's METADATA, hex; empty for a source archive
  std::string attestations{};  // hex; empty: none
};

struct PypiTracked {
  std::string etag;  // of the page that the record was made from; these two may be empty
  std::string last_modified;
  std::string answer;                        // SHA-256 of that page, hex
  std::uint64_t serial = 0;                  // the index's counter in it
  std::string record;                        // SHA-256 of the record's body, hex
  std::map<std::string, PypiShipped> files;  // by name
};

struct PypiCursor {
  std::map<std::string, PypiTracked> projects;
  // Closures as they were shipped, by the digest of all that was asked: they stand until one of
  // their projects changes.
  std::map<std::string, std::vector<ResolvedFile>> closures;

  // JSON. "" reads as an empty cursor; kInvalid for what write() did not make.
  static Result<PypiCursor> read(std::string_view text);
  std::string write() const;
};

}  // namespace sluice::low
