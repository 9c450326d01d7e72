// Times as upstreams write them.
#pragma once

#include <optional>
#include <string_view>

#include "common/base/clock.h"

namespace sluice::low {

// "2026-09-02T13:05:59.102Z", "…+00:00" (RFC 3339); none if it is not such a time.
std::optional<UtcTime> read_rfc3339(std::string_view text);

}  // namespace sluice::low
