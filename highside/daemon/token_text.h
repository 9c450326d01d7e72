// Tokens as text for a terminal.
#pragma once

#include <boost/json/object.hpp>
#include <string>

namespace sluice::high {

// From {"tokens": […]} (token_control.h): a line for each.
std::string tokens_text(const boost::json::object& listing);

}  // namespace sluice::high
