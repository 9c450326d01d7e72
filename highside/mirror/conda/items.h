// What a record of this ecosystem consists of, for comparing two of its states.
#pragma once

#include "highside/pipeline/record_items.h"

namespace sluice::high {

// Of a subdir "file" by name, its state the digests of its bytes and of its metadata; "removed" by
// the name of a file that is.
Result<RecordItems> conda_items(const CatalogEntry& entry);

}  // namespace sluice::high
