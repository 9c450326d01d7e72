// What follows from the settings of the link, for check-config.
#pragma once

#include <string>

#include "lowside/transmit/settings.h"

namespace sluice::low {

// A line for each figure; docs/link-tuning.md has their formulas. `transmit` is of one of `lanes`.
std::string describe_link(const TransmitSettings& transmit, std::size_t lanes);

}  // namespace sluice::low
