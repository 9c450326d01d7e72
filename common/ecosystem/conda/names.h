// Names of conda's channels, their subdirs and files, as both sides must agree on them. The rules
// are those of conda's CEP 26, a little wider where channels are older than it.
#pragma once

#include <string>
#include <string_view>

#include "common/base/error.h"

namespace sluice::conda {

inline constexpr std::string_view kEcosystem = "conda";  // of records

// "conda-forge", "pkgs/main": 1 to 4 parts with a '/' between them, at most 128 characters. A part
// has ASCII letters, digits, '-', '_' and '.', and begins with a letter or a digit. kInvalid says
// which rule is broken.
Result<void> check_channel(std::string_view channel);

// "noarch", or a system and a machine in lower case: "linux-64", "win-arm64". At most 32
// characters.
Result<void> check_subdir(std::string_view subdir);

// Where a record's document "<channel>/<subdir>" is cut. kInvalid: it is none.
struct Document {
  std::string channel;
  std::string subdir;
};
Result<Document> parse_document(std::string_view document);

// "numpy-1.26.4-py311h64a7726_0.conda", or the older ".tar.bz2".
struct FileName {
  std::string name;     // lower case; may have dashes
  std::string version;  // without dashes
  std::string build;    // the same
};
// At most 255 ASCII characters: a name of letters in lower case, digits, '-', '_' and '.'; a
// version of letters, digits, '_', '.', '!' and '+'; a build of the same without '!'. None begins
// with '.'.
Result<FileName> parse_file_name(std::string_view file);

}  // namespace sluice::conda
