#include "common/ecosystem/conda/member_scan.h"

#include <algorithm>
#include <cctype>
#include <string>

namespace sluice::conda {
namespace {

// A package's entry nests two levels within those of the index.
constexpr std::size_t kMaxDepth = 64;

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool at_end() {
    skip_space();
    return at_ == text_.size();
  }

  bool take(char c) {
    skip_space();
    if (peek() != c) {
      return false;
    }
    ++at_;
    return true;
  }

  // With its quotes; empty if there is none, or it has no end.
  std::string_view string() {
    skip_space();
    const std::size_t start = at_;
    if (!take('"')) {
      return {};
    }
    while (at_ < text_.size() && text_[at_] != '"') {
      at_ = std::min(at_ + (text_[at_] == '\\' ? 2 : 1), text_.size());
    }
    return take('"') ? text_.substr(start, at_ - start) : std::string_view{};
  }

  // Any value; empty if its brackets or strings do not match.
  std::string_view value() {
    skip_space();
    const std::size_t start = at_;
    std::string closing;  // of the brackets that are open
    do {
      skip_space();
      const char c = peek();
      if (c == '{' || c == '[') {
        closing.push_back(c == '{' ? '}' : ']');
        ++at_;
      } else if (!closing.empty() && c == closing.back()) {
        closing.pop_back();
        ++at_;
      } else if (!closing.empty() && (c == ',' || c == ':')) {
        ++at_;
      } else if (c == '"' ? string().empty() : !literal()) {
        return {};
      }
    } while (!closing.empty() && closing.size() <= kMaxDepth);
    return closing.empty() ? text_.substr(start, at_ - start) : std::string_view{};
  }

  Error broken(std::string_view kind) const {
    return {ErrorCode::kInvalid, "JSON",
            "no " + std::string(kind) + ": wrong at byte " + std::to_string(at_), ""};
  }

 private:
  char peek() const { return at_ == text_.size() ? '\0' : text_[at_]; }

  void skip_space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') {
      ++at_;
    }
  }

  // A number, true, false or null: taken as a run of their characters.
  bool literal() {
    const std::size_t start = at_;
    while (std::isalnum(static_cast<unsigned char>(peek())) != 0 || peek() == '-' ||
           peek() == '+' || peek() == '.') {
      ++at_;
    }
    return at_ > start;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<void> each_member(std::string_view object, const EachMember& each) {
  Scanner scanner(object);
  if (!scanner.take('{')) {
    return scanner.broken("object");
  }
  if (!scanner.take('}')) {
    do {
      const std::string_view key = scanner.string();
      if (key.empty() || !scanner.take(':')) {
        return scanner.broken("object");
      }
      const std::string_view value = scanner.value();
      if (value.empty()) {
        return scanner.broken("object");
      }
      if (!each(key.substr(1, key.size() - 2), value)) {
        return {};
      }
    } while (scanner.take(','));
    if (!scanner.take('}')) {
      return scanner.broken("object");
    }
  }
  return scanner.at_end() ? Result<void>() : scanner.broken("object");
}

Result<void> each_element(std::string_view array,
                          const std::function<bool(std::string_view value)>& each) {
  Scanner scanner(array);
  if (!scanner.take('[')) {
    return scanner.broken("array");
  }
  if (!scanner.take(']')) {
    do {
      const std::string_view value = scanner.value();
      if (value.empty()) {
        return scanner.broken("array");
      }
      if (!each(value)) {
        return {};
      }
    } while (scanner.take(','));
    if (!scanner.take(']')) {
      return scanner.broken("array");
    }
  }
  return scanner.at_end() ? Result<void>() : scanner.broken("array");
}

}  // namespace sluice::conda
