// What differs between two editions, exactly, as JSON in pages.
#pragma once

#include <string>
#include <string_view>

#include "highside/catalog/catalog.h"
#include "highside/pipeline/record_items.h"

namespace sluice::high {

// A name, a number, or "current". kNotFound: there is none of it, or it is not kept any more.
Result<Edition> find_edition(const Catalog& catalog, UtcTime now, std::string_view text);

// A page, as an object: "changes", a list of documents with "ecosystem", "document", "change"
// ("added", "removed", "changed") and "items", each with "change", "kind", "name", "was", "is";
// and "next", to be given as `behind` for the page after it, null at the end. `behind`: "" for the
// first.
Result<std::string> diff_page(const Catalog& catalog, Edition from, Edition to,
                              std::string_view behind);

}  // namespace sluice::high
