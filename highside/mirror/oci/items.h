// What a record of this ecosystem consists of, for comparing two of its states.
#pragma once

#include "highside/pipeline/record_items.h"

namespace sluice::high {

// Of a repository "tag" by name, its state the manifest's digest; "manifest" by digest, its state
// the media type and what it refers to; "blob" by digest, its state the size.
Result<RecordItems> oci_items(const CatalogEntry& entry);

}  // namespace sluice::high
