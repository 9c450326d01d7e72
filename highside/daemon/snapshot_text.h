// Snapshots, differences and garbage collections as text for a terminal.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "common/base/error.h"

namespace sluice::high {

// Milliseconds of "90d", "12h" or "1y", a year being 365 days. kInvalid.
Result<std::int64_t> read_keep_for(const std::string& text);

// From /snapshots: a line for each.
std::string snapshots_text(const boost::json::object& listing);
// A document of a diff_page(): a line for it, and one for each of its items.
std::string difference_text(const boost::json::object& document);
// From "gc": what it freed, or would.
std::string gc_text(const boost::json::object& progress);

}  // namespace sluice::high
