#include "common/ecosystem/npm/json_text.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <unordered_map>

namespace sluice::npm {
namespace {

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::size_t position() const { return at_; }
  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }

  void skip_space() {
    while (!at_end() && (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r')) {
      ++at_;
    }
  }

  bool take(char c) {
    skip_space();
    if (peek() != c) {
      return false;
    }
    ++at_;
    return true;
  }

  // A string with its quotes; empty if there is none or it has no end.
  std::string_view string() {
    const std::size_t start = at_;
    if (!take('"')) {
      return {};
    }
    while (!at_end() && peek() != '"') {
      at_ += peek() == '\\' ? 2 : 1;
      at_ = std::min(at_, text_.size());
    }
    return take('"') ? text_.substr(start, at_ - start) : std::string_view{};
  }

  // Any value; empty if its brackets or strings do not match.
  std::string_view value() {
    const std::size_t start = at_;
    std::string closing;  // of the brackets that are open
    do {
      skip_space();
      const char c = peek();
      if (c == '"') {
        if (string().empty()) {
          return {};
        }
      } else if (c == '{' || c == '[') {
        closing.push_back(c == '{' ? '}' : ']');
        ++at_;
      } else if (!closing.empty() && c == closing.back()) {
        closing.pop_back();
        ++at_;
      } else if (!closing.empty() && (c == ',' || c == ':')) {
        ++at_;
      } else if (!literal()) {
        return {};
      }
    } while (!closing.empty());
    return text_.substr(start, at_ - start);
  }

 private:
  // A number, true, false or null: taken as a run of their characters.
  bool literal() {
    const std::size_t start = at_;
    while (!at_end() && (std::isalnum(static_cast<unsigned char>(peek())) != 0 || peek() == '-' ||
                         peek() == '+' || peek() == '.')) {
      ++at_;
    }
    return at_ > start;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// Nearly all keys are as they stand. What is left may have escapes, or be no text at all.
bool is_plain_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f && c != '\\'; });
}

Result<std::string> decode_key(std::string_view quoted) {
  if (is_plain_ascii(quoted)) {
    return std::string(quoted.substr(1, quoted.size() - 2));
  }
  boost::system::error_code failure;
  const auto value = boost::json::parse(quoted, failure);
  if (failure) {
    return Error{ErrorCode::kInvalid, "JSON", "a key is not a string: " + failure.message(), ""};
  }
  return std::string(value.get_string());
}

Error broken(std::size_t position) {
  return {ErrorCode::kInvalid, "JSON", "not an object: wrong at byte " + std::to_string(position),
          ""};
}

}  // namespace

Result<std::vector<JsonMember>> json_members(std::string_view object) {
  Scanner scanner(object);
  std::vector<JsonMember> members;
  std::unordered_map<std::string, std::size_t> index;
  if (!scanner.take('{')) {
    return broken(scanner.position());
  }
  if (!scanner.take('}')) {
    do {
      scanner.skip_space();
      const std::string_view quoted = scanner.string();
      if (quoted.empty() || !scanner.take(':')) {
        return broken(scanner.position());
      }
      SLUICE_TRY(std::string key, decode_key(quoted));
      scanner.skip_space();
      const std::string_view value = scanner.value();
      if (value.empty()) {
        return broken(scanner.position());
      }
      const auto [place, is_new] = index.try_emplace(key, members.size());
      if (is_new) {
        members.push_back({std::move(key), value});
      } else {
        members[place->second].value = value;
      }
    } while (scanner.take(','));
    if (!scanner.take('}')) {
      return broken(scanner.position());
    }
  }
  scanner.skip_space();
  if (!scanner.at_end()) {
    return broken(scanner.position());
  }
  return members;
}

std::string_view json_find(const std::vector<JsonMember>& members, std::string_view key) {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const JsonMember& member) { return member.key == key; });
  return found == members.end() ? std::string_view{} : found->value;
}

std::string json_quote(std::string_view text) {
  return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

void JsonObjectText::add(std::string_view key, std::string_view value) {
  if (text_.size() > 1) {
    text_ += ',';
  }
  text_ += json_quote(key);
  text_ += ':';
  text_ += value;
}

std::string JsonObjectText::finish() && {
  text_ += '}';
  return std::move(text_);
}

}  // namespace sluice::npm
