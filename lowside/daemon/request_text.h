// A request and its plan for a terminal.
#pragma once

#include <boost/json/object.hpp>
#include <string>

namespace sluice::low {

// Of the daemon's answers (request_json.h). Text that came from upstreams or persons has no control
// characters left in it.
std::string request_text(const boost::json::object& shown);
std::string request_table(const boost::json::object& listed);

}  // namespace sluice::low
