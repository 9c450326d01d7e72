#include "highside/daemon/token_text.h"

#include <boost/json.hpp>

namespace sluice::high {
namespace {

namespace json = boost::json;

constexpr std::size_t kRoleWidth = 9;  // "publisher"
constexpr std::size_t kMinuteWidth = 16;

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

// "2026-01-31 12:00" of a time; `otherwise` of null.
std::string minute(const json::value& time, const char* otherwise) {
  if (!time.is_string()) {
    return padded(otherwise, kMinuteWidth);
  }
  const std::string text(time.get_string());
  return text.substr(0, 10) + " " + text.substr(std::min<std::size_t>(text.size(), 11), 5);
}

}  // namespace

std::string tokens_text(const json::object& listing) {
  const json::array& tokens = listing.at("tokens").as_array();
  if (tokens.empty()) {
    return "there are no tokens\n";
  }
  std::size_t width = 0;
  for (const json::value& token : tokens) {
    width = std::max(width, token.at("name").as_string().size());
  }
  std::string text;
  for (const json::value& value : tokens) {
    const json::object& token = value.as_object();
    std::string namespaces;
    for (const json::value& pattern : token.at("namespaces").as_array()) {
      namespaces.append("  ").append(std::string_view(pattern.as_string()));
    }
    text += padded(std::string(token.at("name").as_string()), width) + "  " +
            padded(std::string(token.at("role").as_string()), kRoleWidth) + "  made " +
            minute(token.at("created"), "") + "  used " + minute(token.at("last_used"), "never") +
            (token.at("expired").as_bool() ? "  expired " : "  expires ") +
            minute(token.at("expires"), "never") + namespaces + "\n";
  }
  return text;
}

}  // namespace sluice::high
