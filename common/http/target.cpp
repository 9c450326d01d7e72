#include "common/http/target.h"

#include <algorithm>
#include <optional>

#include "common/base/text.h"

namespace sluice::http {
namespace {

// Longer than any name in the DNS (253) with a port.
constexpr std::size_t kMaxAuthority = 300;
// Enough of a bad target to recognize it by.
constexpr std::size_t kShownTarget = 200;

Error bad(std::string_view target, std::string cause) {
  return {ErrorCode::kInvalid, "request target " + std::string(target.substr(0, kShownTarget)),
          std::move(cause), ""};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// None for a '%' that two hexadecimal digits do not follow.
std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    const auto byte = text.size() - i > 2 ? hex_decode(text.substr(i + 1, 2)) : std::nullopt;
    if (!byte) {
      return std::nullopt;
    }
    decoded.push_back(static_cast<char>(byte->front()));
    i += 2;
  }
  return decoded;
}

// Splits "http://authority/path" into its authority and its path; an origin form has no authority.
bool take_authority(std::string_view& rest, std::string& authority) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!rest.starts_with(scheme)) {
      continue;
    }
    rest.remove_prefix(scheme.size());
    const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
    authority = rest.substr(0, end);
    rest.remove_prefix(end);
    return is_authority(authority);
  }
  return true;
}

}  // namespace

Result<Target> parse_target(std::string_view target) {
  Target parsed;
  std::string_view rest = target;
  if (!take_authority(rest, parsed.authority)) {
    return bad(target, "names no host");
  }
  if (rest.find('#') != std::string_view::npos) {
    return bad(target, "has a fragment");
  }
  const std::size_t question = std::min(rest.find('?'), rest.size());
  parsed.raw_path = rest.substr(0, question);
  parsed.query = rest.substr(std::min(question + 1, rest.size()));
  if (parsed.raw_path.empty() && !parsed.authority.empty()) {
    parsed.raw_path = "/";
  }
  if (!parsed.raw_path.starts_with('/')) {
    return bad(target, "does not start with a slash");
  }
  auto path = percent_decode(parsed.raw_path);
  if (!path) {
    return bad(target, "has a percent sign that two hexadecimal digits do not follow");
  }
  parsed.path = std::move(*path);
  if (parsed.path.find('\0') != std::string::npos) {
    return bad(target, "has a NUL character");
  }
  for (const std::string_view segment : split(parsed.path, '/')) {
    if (segment == "." || segment == "..") {
      return bad(target, "has a segment that is \".\" or \"..\"");
    }
  }
  return parsed;
}

bool is_authority(std::string_view text) {
  if (text.empty() || text.size() > kMaxAuthority) {
    return false;
  }
  const bool literal = text.starts_with('[');
  const std::size_t end = literal ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == std::string_view::npos) {
    return false;
  }
  const std::string_view host = literal ? text.substr(1, end - 1) : text.substr(0, end);
  const std::string_view port = text.substr(literal ? end + 1 : end);
  const auto in_host = [literal](char c) {
    return is_digit(c) || is_letter(c) || c == '.' || (literal ? c == ':' : c == '-' || c == '_');
  };
  return !host.empty() && std::all_of(host.begin(), host.end(), in_host) &&
         (port.empty() || (port.starts_with(':') && port.size() > 1 && port.size() <= 6 &&
                           std::all_of(port.begin() + 1, port.end(), is_digit)));
}

}  // namespace sluice::http
