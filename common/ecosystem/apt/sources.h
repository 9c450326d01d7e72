// Where archives are: apt's own sources files (sources.list(5)), deb822 style and one-line style.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace sluice::apt {

// One suite of one archive.
struct ArchiveSuite {
  std::string uri;    // without a slash at its end
  std::string suite;  // "bookworm", "stable/updates"
  std::vector<std::string> components;
  std::vector<std::string> architectures;  // empty: the reader's own choice
  std::vector<std::string> keyrings;       // Signed-By: absolute paths of keyrings
  std::string inline_key;                  // Signed-By: an armored key in the file itself
};

// `name` tells the style by its ending (".list" or anything else for deb822) and is named in
// errors. Entries that are not of type "deb" or are disabled are left out. kInvalid, with the line
// or the paragraph: a field that is missing, a flat archive (a suite that ends with '/'), a
// Signed-By that is a fingerprint.
Result<std::vector<ArchiveSuite>> parse_sources(const std::string& name, std::string_view text);

}  // namespace sluice::apt
