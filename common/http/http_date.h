// HTTP-date as clients may write it (RFC 9110 section 5.6.7).
#pragma once

#include <optional>
#include <string_view>

#include "common/base/clock.h"

namespace sluice::http {

// All three formats that a recipient must read; none for anything else.
std::optional<UtcTime> parse_http_date(std::string_view text);

}  // namespace sluice::http
