// Stanzas of Packages indices.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/digest.h"
#include "common/base/error.h"

namespace sluice::apt {

// Views into the index's text.
struct PackageStanza {
  std::string_view name;
  std::string_view version;
  std::string_view architecture;
  std::string_view filename;  // below the archive's root; safe
  std::uint64_t size = 0;
  Sha256Digest sha256;
  std::string_view source;  // the source package's name; the package's own where none is named
  std::string_view source_version;  // "Source: gcc-12 (12.2.0-14)" has one of its own
  std::string_view provides;        // as it stands
  std::string_view raw;             // the stanza's bytes, ending with a line's end
};

// Calls `each` for every stanza until it returns an error, which is then the result. kInvalid names
// the index and the package: a field that is missing or cannot be.
Result<void> for_each_package(const std::string& thing, std::string_view text,
                              const std::function<Result<void>(const PackageStanza&)>& each);

// The names in a Provides field, without versions and architectures.
std::vector<std::string_view> provided_names(std::string_view provides);

}  // namespace sluice::apt
