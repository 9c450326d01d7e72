// Lists of media types, as upstreams expect and policies allow them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::low {

// The kind of the evidence that carries what inspect found; upstreams that show a type read it from
// the blob that intake returns.
inline constexpr std::string_view kMediaTypeEvidence = "media-type";

// Whether `type` is one of `allowed`, of which each is a type ("application/gzip") or all of a kind
// ("text/*"). An empty list allows anything.
bool media_type_allowed(std::string_view type, const std::vector<std::string>& allowed);

}  // namespace sluice::low
