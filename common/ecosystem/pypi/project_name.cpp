#include "common/ecosystem/pypi/project_name.h"

#include <algorithm>

namespace sluice::pypi {
namespace {

// The longest names on the public index have about 80 characters; a document's name must stay a
// sane key, and a file's name of 255 bytes holds it with version and tags.
constexpr std::size_t kMaxNameBytes = 128;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_separator(char c) { return c == '-' || c == '_' || c == '.'; }

Error invalid(std::string_view name, std::string cause) {
  return {ErrorCode::kInvalid, "PyPI project name \"" + std::string(name.substr(0, 80)) + "\"",
          std::move(cause), "write it as the index does: letters, digits, \"-\", \"_\" and \".\""};
}

}  // namespace

std::string normalise(std::string_view name) {
  std::string out;
  out.reserve(name.size());
  for (const char c : name) {
    if (!is_separator(c)) {
      out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    } else if (out.empty() || out.back() != '-') {
      out.push_back('-');
    }
  }
  return out;
}

Result<void> check_project_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes) {
    return invalid(name, "a name has 1 to 128 characters");
  }
  if (!std::ranges::all_of(name, [](char c) { return is_alphanumeric(c) || is_separator(c); })) {
    return invalid(name,
                   "it has a character that is neither an ASCII letter or digit nor one of "
                   "\"-\", \"_\" and \".\"");
  }
  if (!is_alphanumeric(name.front()) || !is_alphanumeric(name.back())) {
    return invalid(name, "it starts or ends with neither a letter nor a digit");
  }
  return {};
}

bool is_normalised(std::string_view name) {
  return check_project_name(name).has_value() && normalise(name) == name;
}

}  // namespace sluice::pypi
