#include "lowside/upstream/npm/yarn1_text.h"

#include <boost/json.hpp>
#include <optional>

#include "common/base/text.h"

namespace sluice::low {
namespace {

constexpr std::size_t kMaxWords = 1'000'000;  // 20 000 packages have about 150 000

// Takes one line apart. What fails leaves nothing behind that is used.
class Line {
 public:
  explicit Line(std::string_view text) : rest_(text) {}

  // "quoted", with JSON's escapes, or bare up to a space, a comma or a colon.
  std::optional<std::string> word() {
    const bool is_quoted = rest_.starts_with('"');
    const std::size_t size = is_quoted ? quoted_size() : rest_.find_first_of(" ,:\"");
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(text.size());
    if (!is_quoted) {
      return text.empty() ? std::nullopt : std::optional<std::string>(text);
    }
    boost::system::error_code failure;
    const auto value = boost::json::parse(text, failure);
    return failure ? std::nullopt : std::optional<std::string>(value.as_string());
  }

  bool skip(std::string_view text) {
    if (!rest_.starts_with(text)) {
      return false;
    }
    rest_.remove_prefix(text.size());
    return true;
  }

  bool at_end() const { return rest_.empty(); }

 private:
  // With both quotes; without the second, all that is left, which is no JSON.
  std::size_t quoted_size() const {
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '\\') {
        ++i;
      } else if (rest_[i] == '"') {
        return i + 1;
      }
    }
    return rest_.size();
  }

  std::string_view rest_;
};

class Reader {
 public:
  // What is wrong with the line; empty if nothing is.
  std::string_view take(std::string_view line) {
    const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
    const std::string_view text = line.substr(indent);
    if (text.empty() || text.starts_with('#')) {
      return "";
    }
    if (indent == 0) {
      return take_patterns(Line(text));
    }
    if (entries_.empty() || (indent != 2 && !(indent == 4 && is_in_block_))) {
      return "it is indented as no line should be here";
    }
    return take_field(Line(text), indent == 4);
  }

  std::vector<Yarn1Entry> finish() { return std::move(entries_); }

 private:
  std::string_view take_patterns(Line line) {
    Yarn1Entry entry;
    do {
      auto pattern = line.word();
      if (!pattern || ++words_ > kMaxWords) {
        return pattern ? "there are too many packages" : "a package's name is needed";
      }
      entry.patterns.push_back(std::move(*pattern));
    } while (line.skip(", "));
    if (!line.skip(":") || !line.at_end()) {
      return "it should end with a colon";
    }
    entries_.push_back(std::move(entry));
    is_in_block_ = false;
    return "";
  }

  std::string_view take_field(Line line, bool is_nested) {
    auto name = line.word();
    if (!name || ++words_ > kMaxWords) {
      return name ? "there are too many fields" : "a field's name is needed";
    }
    if (!is_nested && line.skip(":")) {
      is_in_block_ = true;
      return line.at_end() ? "" : "nothing should follow the colon";
    }
    auto value = line.skip(" ") ? line.word() : std::nullopt;
    if (!value || !line.at_end()) {
      return "a name and a value are needed";
    }
    if (!is_nested) {
      is_in_block_ = false;
      if (!entries_.back().fields.emplace(std::move(*name), std::move(*value)).second) {
        return "this field is there already";
      }
    }
    return "";
  }

  std::vector<Yarn1Entry> entries_;
  std::size_t words_ = 0;
  bool is_in_block_ = false;
};

}  // namespace

Result<std::vector<Yarn1Entry>> read_yarn1_text(std::string_view text) {
  Reader reader;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    line.remove_suffix(line.ends_with('\r') ? 1 : 0);
    if (const auto problem = reader.take(line); !problem.empty()) {
      return Error{ErrorCode::kInvalid, "",
                   "line " + std::to_string(number) + ": " + std::string(problem), ""};
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return reader.finish();
}

}  // namespace sluice::low
