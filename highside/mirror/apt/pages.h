// What the apt mirror says to people, as plain text.
#pragma once

#include <string>
#include <string_view>

#include "common/base/error.h"
#include "highside/mirror/apt/archive_cache.h"

namespace sluice::high {

// The archive's suites, and the commands that set up a client. `url`: of the archive.
std::string describe_archive(const std::string& archive, const std::string& url,
                             const ArchiveSuites& suites);
// One suite a line, with its date.
std::string list_suites(const ArchiveSuites& suites);
// A deb822 .sources file. `key`: the key's place on the client.
std::string client_sources(const std::string& url, const std::string& key,
                           const ArchiveSuites& suites);
// The place of the key from the query "signed-by=/path"; where there is none, the usual one.
// kInvalid: not an absolute path of printable characters.
Result<std::string> signed_by(std::string_view query, const std::string& archive);

}  // namespace sluice::high
