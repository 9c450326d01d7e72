// The suites that a source's settings name, with their keyrings.
#pragma once

#include "lowside/upstream/apt/apt_source.h"
#include "lowside/upstream/apt/suite.h"

namespace sluice::low {

struct ConfiguredSuites {
  std::vector<Suite> suites;          // one for each document, in the sources' order
  std::vector<std::string> left_out;  // documents whose keyring does not read
  std::vector<Error> problems;        // why; and suites of a name that another archive has taken
};

// Reads the sources files anew. Entries for the same suite of the same archive are joined. Where
// there is no Signed-By, the machine's trusted keys (/etc/apt/trusted.gpg.d) count, as with apt.
// An Error: a sources file that does not read, or no suite at all.
Result<ConfiguredSuites> configured_suites(const AptSettings& settings,
                                           const std::stop_token& stop);

}  // namespace sluice::low
