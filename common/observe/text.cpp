#include "common/observe/text.h"

#include <cstdint>

namespace sluice::observe {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

bool is_continuation(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<std::uint8_t>(text[at]) & 0xC0) == 0x80;
}

// How many bytes the UTF-8 character at the front has; 0: it is none (RFC 3629: no overlong forms,
// no surrogates, nothing above U+10FFFF).
std::size_t utf8_length(std::string_view text) {
  const auto first = static_cast<std::uint8_t>(text[0]);
  if (first < 0x80) {
    return 1;
  }
  if (first < 0xC2 || first > 0xF4 || !is_continuation(text, 1)) {
    return 0;
  }
  if (first < 0xE0) {
    return 2;
  }
  const auto second = static_cast<std::uint8_t>(text[1]);
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
      (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F) ||
      !is_continuation(text, 2)) {
    return 0;
  }
  if (first < 0xF0) {
    return 3;
  }
  return is_continuation(text, 3) ? 4 : 0;
}

void append_escape(std::string& out, std::string_view prefix, char c) {
  const auto byte = static_cast<std::uint8_t>(c);
  out.append(prefix);
  out.push_back(kHexDigits[byte >> 4]);
  out.push_back(kHexDigits[byte & 15]);
}

bool is_control(char c) { return static_cast<std::uint8_t>(c) < 0x20 || c == 0x7f; }

}  // namespace

std::string json_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char c = text[0];
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (is_control(c)) {
      append_escape(out, "\\u00", c);
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out + "\"";
}

std::string logfmt_value(std::string_view text) {
  std::string out;
  bool quote = text.empty();
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char c = text[0];
    if (c == '\n') {
      out += "\\n";
      quote = true;
    } else if (length == 0 || is_control(c)) {
      append_escape(out, "\\x", c);
      quote = true;
    } else if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
      quote = true;
    } else {
      quote = quote || c == ' ' || c == '=';
      out.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return quote ? "\"" + out + "\"" : out;
}

}  // namespace sluice::observe
