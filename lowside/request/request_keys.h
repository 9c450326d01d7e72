// Keys of requests in the spool's index, family kMeta.
#pragma once

#include <string>
#include <string_view>

namespace sluice::low::request_keys {

inline constexpr std::string_view kNext = "request/next";
inline constexpr std::string_view kOpen = "request/open/";
inline constexpr std::string_view kClosed = "request/closed/";
inline constexpr std::string_view kPlans = "request/plan/";

inline std::string key(std::string_view prefix, std::string_view id) {
  return std::string(prefix).append(id);
}
// Of a source's own want-list. No other request has a colon.
inline std::string standing_id(std::string_view source) {
  return std::string("want:").append(source);
}

}  // namespace sluice::low::request_keys
