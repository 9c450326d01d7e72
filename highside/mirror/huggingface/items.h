// What a record of this ecosystem consists of, for comparing two of its states.
#pragma once

#include "highside/pipeline/record_items.h"

namespace sluice::high {

// Of a repository "branch" by name, its state the commit; of a revision "file" by path.
Result<RecordItems> huggingface_items(const CatalogEntry& entry);

}  // namespace sluice::high
