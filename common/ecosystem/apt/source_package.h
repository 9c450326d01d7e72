// Stanzas of Sources indices (dsc(5), Debian policy 5.4 and 5.6.24).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/digest.h"
#include "common/base/error.h"

namespace sluice::apt {

// What stands in the place of an architecture.
inline constexpr std::string_view kSourceArchitecture = "source";

// The largest known source packages have some 30 files.
inline constexpr std::size_t kMaxSourceFiles = 1000;

struct SourceFile {
  std::string path;  // below the archive's root; safe
  std::uint64_t size = 0;
  Sha256Digest sha256;
};

struct SourceStanza {
  std::string_view name;  // these are views into the index's text
  std::string_view version;
  std::vector<SourceFile> files;  // its .dsc and all that the .dsc lists
  std::string_view raw;           // the stanza's bytes, ending with a line's end
};

// Calls `each` for every stanza until it returns an error, which is then the result. kInvalid names
// the index and the package: a field that is missing or cannot be.
Result<void> for_each_source(const std::string& thing, std::string_view text,
                             const std::function<Result<void>(const SourceStanza&)>& each);

}  // namespace sluice::apt
