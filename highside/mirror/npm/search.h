// /-/v1/search over what is held.
#pragma once

#include <string>
#include <string_view>

#include "common/base/error.h"
#include "highside/pipeline/catalog_reader.h"

namespace sluice::high {

// `query`: the request's, not decoded: text, size, from. A package is found if each word of the
// text is in its name, its newest version's description or keywords. The answer is JSON.
Result<std::string> search_packages(const CatalogReader& catalog, Edition edition,
                                    std::string_view query);

}  // namespace sluice::high
