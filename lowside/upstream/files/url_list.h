// A list of files to fetch, in the form that sha256sum and sha512sum write, with URLs in the place
// of names. One line each:
//
//   <hex of SHA-256 or SHA-512> <white space> <URL> [<white space> <path>]
//
// '#' starts a comment line. Without <path> the file takes the last part of the URL's path. The
// path has no white space; it may have slashes. A '*' before the URL (sha256sum's binary mark) is
// left out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/digest.h"
#include "common/base/error.h"

namespace sluice::low {

struct ListedUrl {
  Digest digest;
  std::string uri;
  std::string path;  // below the collection, checked
};

struct UrlList {
  std::vector<ListedUrl> entries;
  std::vector<Error> problems;  // a line that is left out: its number, why, and the cure
};

// `thing`: the list's name, for problems. At most kMaxEntries (url_list.cpp) lines are read.
UrlList parse_url_list(std::string_view text, const std::string& thing,
                       const std::string& collection);

// A checksum file beside what it names, as publishers have them: "<hex>  <name>" of sha256sum and
// sha512sum, or "SHA256 (<name>) = <hex>". Names are relative to `uri`, where the file was, and are
// the paths too.
UrlList parse_checksum_file(std::string_view text, const std::string& uri,
                            const std::string& collection);

}  // namespace sluice::low
