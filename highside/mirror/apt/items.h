// What a record of this ecosystem consists of, for comparing two of its states.
#pragma once

#include "highside/pipeline/record_items.h"

namespace sluice::high {

// "package" by name and architecture, its state the versions that the suite has; "index" by path;
// "file" by path for what is not named as packages are.
Result<RecordItems> apt_items(const CatalogEntry& entry);

}  // namespace sluice::high
