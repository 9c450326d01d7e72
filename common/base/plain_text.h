// Names from outside, as far as they may be shown and sent on.
#pragma once

#include <string_view>

namespace sluice {

// UTF-8 without control characters (C0, DEL, C1): nothing on which a terminal or a log would act,
// and what a string of a protobuf message may hold.
bool is_plain_text(std::string_view text);

}  // namespace sluice
