// Paths of an archive in URIs (RFC 3986).
#pragma once

#include <string>
#include <string_view>

namespace sluice::low {

// Percent-encodes everything but unreserved characters and slashes, as apt does: '+' becomes %2b,
// and a literal "%3a" %253a.
std::string encode_path(std::string_view path);

}  // namespace sluice::low
