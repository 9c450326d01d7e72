#include "common/ecosystem/pypi/version.h"

#include <algorithm>
#include <array>

namespace sluice::pypi {
namespace {

// As long as semver's; real ones have below 40.
constexpr std::size_t kMaxVersionBytes = 256;
// Dates with a time have 14 digits; 18 fit a 64-bit number.
constexpr std::size_t kMaxDigits = 18;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return c >= 'a' && c <= 'z'; }
bool is_separator(char c) { return c == '.' || c == '-' || c == '_'; }

}  // namespace

// Reads a lowercased version from left to right.
class VersionReader {
 public:
  explicit VersionReader(std::string_view text) : rest_(text) {}

  std::optional<Version> read() {
    take("v");
    auto first = number();
    if (first && take("!")) {
      version_.epoch_ = *first;
      first = number();
    }
    if (!first) {
      return std::nullopt;
    }
    version_.release_.push_back(*first);
    while (rest_.size() > 1 && rest_[0] == '.' && is_digit(rest_[1])) {
      rest_.remove_prefix(1);
      const auto next = number();
      if (!next) {
        return std::nullopt;
      }
      version_.release_.push_back(*next);
    }
    if (!read_pre() || !read_post() || !read_dev() || !read_local() || !rest_.empty()) {
      return std::nullopt;
    }
    return std::move(version_);
  }

 private:
  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) {
      return false;
    }
    rest_.remove_prefix(word.size());
    return true;
  }

  std::optional<std::uint64_t> number() {
    std::uint64_t value = 0;
    std::size_t digits = 0;
    for (; digits < rest_.size() && is_digit(rest_[digits]); ++digits) {
      if (digits == kMaxDigits) {
        return std::nullopt;
      }
      value = value * 10 + static_cast<std::uint64_t>(rest_[digits] - '0');
    }
    if (digits == 0) {
      return std::nullopt;
    }
    rest_.remove_prefix(digits);
    return value;
  }

  // One of `words` behind an optional separator, taken off; its index, or none.
  template <std::size_t kCount>
  std::optional<std::size_t> label(const std::array<std::string_view, kCount>& words) {
    const std::string_view before = rest_;
    if (!rest_.empty() && is_separator(rest_.front())) {
      rest_.remove_prefix(1);
    }
    for (std::size_t i = 0; i < kCount; ++i) {
      if (take(words[i])) {
        return i;
      }
    }
    rest_ = before;
    return std::nullopt;
  }

  // A label's number, which may stand behind a separator and may be missing (0). False: too long.
  bool label_number(std::optional<std::uint64_t>& into) {
    std::size_t at = 0;
    if (!rest_.empty() && is_separator(rest_.front())) {
      at = 1;
    }
    if (at < rest_.size() && is_digit(rest_[at])) {
      rest_.remove_prefix(at);
      into = number();
      return into.has_value();
    }
    into = 0;
    return true;
  }

  bool read_pre() {
    using Stage = Version::Stage;
    static constexpr std::array<std::string_view, 8> kWords{"alpha",   "a",   "beta", "b",
                                                            "preview", "pre", "rc",   "c"};
    const auto word = label(kWords);
    if (!word) {
      return true;
    }
    std::optional<std::uint64_t> number;
    if (!label_number(number)) {
      return false;
    }
    const Stage stage = *word < 2 ? Stage::kAlpha : *word < 4 ? Stage::kBeta : Stage::kCandidate;
    version_.pre_.emplace(stage, number.value_or(0));
    return true;
  }

  bool read_post() {
    static constexpr std::array<std::string_view, 3> kWords{"post", "rev", "r"};
    if (rest_.size() > 1 && rest_[0] == '-' && is_digit(rest_[1])) {  // "1.0-1"
      rest_.remove_prefix(1);
      version_.post_ = number();
      return version_.post_.has_value();
    }
    return !label(kWords) || label_number(version_.post_);
  }

  bool read_dev() {
    static constexpr std::array<std::string_view, 1> kWords{"dev"};
    return !label(kWords) || label_number(version_.dev_);
  }

  bool read_local() {
    if (!take("+")) {
      return true;
    }
    while (true) {
      const auto end =
          std::ranges::find_if_not(rest_, [](char c) { return is_digit(c) || is_letter(c); });
      const std::string part(rest_.begin(), end);
      if (part.empty()) {
        return false;
      }
      if (std::ranges::all_of(part, is_digit)) {
        const auto value = number();
        if (!value) {
          return false;
        }
        version_.local_.emplace_back(*value);
      } else {
        rest_.remove_prefix(part.size());
        version_.local_.emplace_back(part);
      }
      if (rest_.empty() || !is_separator(rest_.front())) {
        return true;
      }
      rest_.remove_prefix(1);
    }
  }

  std::string_view rest_;
  Version version_;
};

std::optional<Version> Version::parse(std::string_view text) {
  if (text.size() > kMaxVersionBytes) {
    return std::nullopt;
  }
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return VersionReader(lower).read();
}

std::string Version::text() const {
  static constexpr std::array<std::string_view, 3> kStages{"a", "b", "rc"};
  std::string out = epoch_ == 0 ? "" : std::to_string(epoch_) + "!";
  for (std::size_t i = 0; i < release_.size(); ++i) {
    out += (i == 0 ? "" : ".") + std::to_string(release_[i]);
  }
  if (pre_) {
    out +=
        std::string(kStages[static_cast<std::size_t>(pre_->first)]) + std::to_string(pre_->second);
  }
  if (post_) {
    out += ".post" + std::to_string(*post_);
  }
  if (dev_) {
    out += ".dev" + std::to_string(*dev_);
  }
  for (std::size_t i = 0; i < local_.size(); ++i) {
    out += i == 0 ? "+" : ".";
    const auto* word = std::get_if<std::string>(&local_[i]);
    out += word != nullptr ? *word : std::to_string(std::get<std::uint64_t>(local_[i]));
  }
  return out;
}

Version Version::without_local() const {
  Version result = *this;
  result.local_.clear();
  return result;
}

Version Version::base() const {
  Version result;
  result.epoch_ = epoch_;
  result.release_ = release_;
  return result;
}

std::strong_ordering Version::operator<=>(const Version& other) const {
  // Releases compare as if they were filled up with zeros.
  const auto compare_releases = [](const auto& a, const auto& b) {
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
      const std::uint64_t left = i < a.size() ? a[i] : 0;
      const std::uint64_t right = i < b.size() ? b[i] : 0;
      if (left != right) {
        return left <=> right;
      }
    }
    return std::strong_ordering::equal;
  };
  // Below every stage: a development release of the release itself. Above: no pre-release at all.
  const auto stage = [](const Version& v) {
    if (v.pre_) {
      return std::pair(static_cast<int>(v.pre_->first), v.pre_->second);
    }
    return std::pair(!v.post_ && v.dev_ ? -1 : 3, std::uint64_t{0});
  };
  if (const auto order = epoch_ <=> other.epoch_; order != 0) {
    return order;
  }
  if (const auto order = compare_releases(release_, other.release_); order != 0) {
    return order;
  }
  if (const auto order = stage(*this) <=> stage(other); order != 0) {
    return order;
  }
  if (const auto order = post_ <=> other.post_; order != 0) {  // none is lowest
    return order;
  }
  if (dev_ != other.dev_) {  // none is highest
    return dev_ && other.dev_ ? *dev_ <=> *other.dev_ : other.dev_.has_value() <=> dev_.has_value();
  }
  return local_ <=> other.local_;  // by part, words below numbers, the shorter first
}

}  // namespace sluice::pypi
