// What a registry says about a repository, beside its manifests.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace sluice::low {

// Adds the tags of one page of tags/list. What is no tag is left out and counted in `garbage`.
// kInvalid: it is no such page.
Result<void> read_tags_page(const std::string& thing, std::string_view body,
                            std::vector<std::string>& tags, std::size_t& garbage);

// The address of the next page by the Link header of the page at `uri`, which may be relative;
// empty: it was the last. kRefused: it is on another host, where the token would go with it.
Result<std::string> next_oci_page(const std::string& uri, std::string_view link);

}  // namespace sluice::low
