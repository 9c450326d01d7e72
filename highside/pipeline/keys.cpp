#include "highside/pipeline/keys.h"

namespace sluice::high {

void append_text_prefix(std::string& key, std::string_view text) {
  for (const char c : text) {
    key.push_back(c);
    if (c == '\0') {
      key.push_back('\xff');
    }
  }
}

void append_text(std::string& key, std::string_view text) {
  append_text_prefix(key, text);
  key.push_back('\0');
  key.push_back('\x01');
}

std::optional<std::string> read_text(std::string_view& key) {
  std::string text;
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (key[i] != '\0') {
      text.push_back(key[i]);
      continue;
    }
    if (++i == key.size()) {
      return std::nullopt;
    }
    if (key[i] == '\x01') {
      key.remove_prefix(i + 1);
      return text;
    }
    if (key[i] != '\xff') {
      return std::nullopt;
    }
    text.push_back('\0');
  }
  return std::nullopt;
}

}  // namespace sluice::high
