// The order of Debian versions (Debian policy 5.6.12).
#pragma once

#include <compare>
#include <string_view>

namespace sluice::apt {

// "[epoch:]upstream[-revision]": "1:2.10-3+deb12u1". Any text has a place in the order; what is no
// number where an epoch should be counts as 0.
std::strong_ordering compare_versions(std::string_view a, std::string_view b);

}  // namespace sluice::apt
