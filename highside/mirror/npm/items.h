// What a record of this ecosystem consists of, for comparing two of its states.
#pragma once

#include "highside/pipeline/record_items.h"

namespace sluice::high {

// "version" by number, "dist-tag" by name, "deprecation" by the version it is of.
Result<RecordItems> npm_items(const CatalogEntry& entry);

}  // namespace sluice::high
