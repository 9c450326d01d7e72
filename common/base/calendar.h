// Times from outside may be any number of 64 bits.
#pragma once

#include "common/base/clock.h"

namespace sluice {

// The nearest time in the years 0000 to 9999, with which all formats here end. Calculate with times
// from outside only after this: beyond, the steps from days to microseconds overflow. The formats
// of clock.h do it themselves.
UtcTime in_calendar(UtcTime time);

}  // namespace sluice
