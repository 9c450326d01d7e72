// What the npm registry's documents say, read with forbearance.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

namespace sluice::low {

// The member's text; empty where there is no such member or it is no string.
inline std::string text_of(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

}  // namespace sluice::low
