// What `sluice-high gaps` prints.
#pragma once

#include <string>
#include <string_view>

#include "common/base/error.h"

namespace sluice::high {

// From the daemon's /gaps. "no gaps", or a paragraph for each and the command that sends them
// again.
Result<std::string> gaps_text(std::string_view json);

// The same as resend codes alone: the commands to type.
Result<std::string> codes_text(std::string_view json);

}  // namespace sluice::high
