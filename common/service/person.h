// Who gives a command.
#pragma once

#include <string>

namespace sluice::service {

// Who sits at the terminal; behind sudo, who typed it.
std::string person();

}  // namespace sluice::service
