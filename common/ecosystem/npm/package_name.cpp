#include "common/ecosystem/npm/package_name.h"

namespace sluice::npm {
namespace {

// The registry refuses longer names, and a document's name must stay a sane key.
constexpr std::size_t kMaxNameBytes = 214;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// What encodeURIComponent leaves as it is.
bool is_url_safe(std::string_view part) {
  static constexpr std::string_view kOthers = "-_.!~*'()";
  for (const char c : part) {
    if (!is_alphanumeric(c) && kOthers.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

Error invalid(std::string_view name, std::string cause) {
  return {ErrorCode::kInvalid, "npm package name \"" + std::string(name.substr(0, 80)) + "\"",
          std::move(cause), "write it as the registry does: name or @scope/name"};
}

Result<void> check_part(std::string_view name, std::string_view part) {
  if (part.empty()) {
    return invalid(name, "a part of it is empty");
  }
  if (part.front() == '.' || part == "-") {
    return invalid(name, "a part of it is \"-\" or starts with a dot");
  }
  if (!is_url_safe(part)) {
    return invalid(name, "it has a character that is not URL-safe");
  }
  return {};
}

}  // namespace

Result<void> check_package_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes) {
    return invalid(name, "a name has 1 to 214 characters");
  }
  if (name.front() != '@') {
    if (name.front() == '_') {
      return invalid(name, "it starts with an underscore");
    }
    if (name == "node_modules" || name == "favicon.ico") {
      return invalid(name, "that name is reserved");
    }
    return check_part(name, name);
  }
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) {
    return invalid(name, "a scope without a name");
  }
  SLUICE_TRY_VOID(check_part(name, name.substr(1, slash - 1)));
  return check_part(name, name.substr(slash + 1));
}

std::string_view base_name(std::string_view name) {
  const std::size_t slash = name.find('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

std::string url_segment(std::string_view name) {
  std::string out(name);
  const std::size_t slash = out.find('/');
  if (slash != std::string::npos) {
    out.replace(slash, 1, "%2f");
  }
  return out;
}

std::string tarball_file_name(std::string_view name, std::string_view version) {
  return std::string(base_name(name)) + "-" + std::string(version) + ".tgz";
}

}  // namespace sluice::npm
