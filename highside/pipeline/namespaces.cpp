#include "highside/pipeline/namespaces.h"

#include <algorithm>
#include <array>

#include "common/base/text.h"

namespace sluice::high {
namespace {

// As settings have it, and as records do. An apt suite is one vendor's as a whole.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kEcosystems{
    {{"pypi", "pypi"},
     {"npm", "npm"},
     {"oci", "oci"},
     {"files", "file"},
     {"huggingface", "huggingface"},
     {"conda", "conda"}}};
constexpr std::string_view kImmutable = " immutable";

Error bad(std::string_view text, std::string cause) {
  return {ErrorCode::kInvalid, "\"" + std::string(text.substr(0, NamePattern::kMaxBytes)) + "\"",
          std::move(cause),
          "write it like pypi:acme-*, npm:@acme/*, oci:acme/* or files:internal/*"};
}

// PyPI's normalised form, "*" staying what it is: lower case, runs of "-", "_" and "." one "-".
std::string normalised(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool separator = c == '-' || c == '_' || c == '.';
    if (!separator) {
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!out.ends_with('-')) {
      out += '-';
    }
  }
  return out;
}

// Goes back to the last "*" alone, so that it takes no longer than both lengths multiplied.
bool is_like(std::string_view name, std::string_view pattern) {
  std::size_t at = 0;
  std::size_t in = 0;
  std::size_t star = std::string_view::npos;
  std::size_t taken = 0;
  while (at < name.size()) {
    if (in < pattern.size() && pattern[in] == '*') {
      star = in++;
      taken = at;
    } else if (in < pattern.size() && pattern[in] == name[at]) {
      ++in;
      ++at;
    } else if (star != std::string_view::npos) {
      in = star + 1;
      at = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', in) == std::string_view::npos;
}

}  // namespace

Result<NamePattern> NamePattern::parse(std::string_view text) {
  if (text.size() > kMaxBytes) {
    return bad(text, "it is longer than " + std::to_string(kMaxBytes) + " bytes");
  }
  const std::size_t colon = text.find(':');
  const auto* ecosystem = std::ranges::find(kEcosystems, text.substr(0, colon),
                                            &std::pair<std::string_view, std::string_view>::first);
  if (colon == std::string_view::npos || ecosystem == kEcosystems.end()) {
    return bad(text, "it does not begin with an ecosystem that knows such names");
  }
  const std::string_view name = text.substr(colon + 1);
  const auto is_plain = [](char c) { return c > ' ' && c != '\x7f'; };
  if (name.empty() || !std::ranges::all_of(name, is_plain)) {
    return bad(text, "there is no name behind the colon, or one with spaces");
  }
  NamePattern pattern;
  pattern.ecosystem_ = ecosystem->second;
  pattern.pattern_ = pattern.ecosystem_ == "pypi" ? normalised(name) : std::string(name);
  return pattern;
}

bool NamePattern::matches(std::string_view ecosystem, std::string_view document) const {
  return ecosystem == ecosystem_ && is_like(document, pattern_);
}

std::string NamePattern::text() const {
  const auto* known = std::ranges::find(kEcosystems, std::string_view(ecosystem_),
                                        &std::pair<std::string_view, std::string_view>::second);
  return std::string(known->first) + ":" + pattern_;
}

Result<Namespaces> Namespaces::parse(const std::vector<std::string>& texts) {
  if (texts.size() > kMaxPatterns) {
    return Error{ErrorCode::kInvalid, std::to_string(texts.size()) + " namespaces",
                 "that is more than " + std::to_string(kMaxPatterns),
                 "join them: \"*\" stands for any characters"};
  }
  Namespaces namespaces;
  for (std::string_view text : texts) {
    const bool immutable = text.ends_with(kImmutable);
    if (immutable) {
      text.remove_suffix(kImmutable.size());
    }
    SLUICE_TRY(NamePattern pattern, NamePattern::parse(trim(text)));
    namespaces.all_.push_back({std::move(pattern), immutable});
  }
  return namespaces;
}

bool Namespaces::contains(std::string_view ecosystem, std::string_view document) const {
  return std::ranges::any_of(
      all_, [&](const One& one) { return one.pattern.matches(ecosystem, document); });
}

bool Namespaces::is_immutable(std::string_view ecosystem, std::string_view document) const {
  return std::ranges::any_of(all_, [&](const One& one) {
    return one.immutable && one.pattern.matches(ecosystem, document);
  });
}

}  // namespace sluice::high
