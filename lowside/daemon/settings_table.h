// Every setting of sluice-low: the one table from which its configuration is read, checked, shown
// and documented.
#pragma once

#include "common/config/table.h"

namespace sluice::low {

const config::Table& settings_table();

}  // namespace sluice::low
