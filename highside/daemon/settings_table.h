// Every setting of sluice-high: the one table from which its configuration is read, checked, shown
// and documented.
#pragma once

#include "common/config/table.h"

namespace sluice::high {

const config::Table& settings_table();

}  // namespace sluice::high
