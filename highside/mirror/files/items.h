// What a record of this ecosystem consists of, for comparing two of its states.
#pragma once

#include "highside/pipeline/record_items.h"

namespace sluice::high {

// "file" by path.
Result<RecordItems> file_items(const CatalogEntry& entry);

}  // namespace sluice::high
