// What a record of this ecosystem consists of, for comparing two of its states.
#pragma once

#include "highside/pipeline/record_items.h"

namespace sluice::high {

// "file" by name, and "yank" by the name of the file that it is of.
Result<RecordItems> pypi_items(const CatalogEntry& entry);

}  // namespace sluice::high
