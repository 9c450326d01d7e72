// Which shipments to send again, as an operator writes it: "3,5-7".
#pragma once

#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/wire/resend_code.h"

namespace sluice::low {

using wire::SequenceRange;

// More than anybody types; a code that is carried by hand is far shorter.
inline constexpr std::size_t kMaxRanges = 1000;

// Spaces around numbers are fine. kInvalid or kRefused names the part that is wrong.
Result<std::vector<SequenceRange>> parse_ranges(std::string_view text);

// The same, or a resend code of `stream` (common/wire/resend_code.h).
Result<std::vector<SequenceRange>> parse_shipments(std::string_view text, std::string_view stream);

}  // namespace sluice::low
