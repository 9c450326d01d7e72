// Where an upstream says that a list goes on (RFC 8288).
#pragma once

#include <string>
#include <string_view>

namespace sluice::low {

// The target of the first link of a Link header whose relation is "next", as it stands there; empty
// if there is none.
std::string next_page(std::string_view link);

}  // namespace sluice::low
