#include "lowside/upstream/conda/selection.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>

#include "common/base/hasher.h"
#include "common/base/plain_text.h"
#include "common/base/text.h"

namespace sluice::low {
namespace {

constexpr std::size_t kParts = 3;

std::vector<std::string> parts_of(std::string_view pattern) {
  std::vector<std::string> parts;
  for (const std::string_view part : split(pattern, ' ')) {
    if (!part.empty()) {
      parts.emplace_back(part);
    }
  }
  return parts;
}

bool matches(const std::string& pattern, const conda::FileName& file) {
  const std::array<const std::string*, kParts> values{&file.name, &file.version, &file.build};
  const auto parts = parts_of(pattern);
  for (std::size_t i = 0; i < std::min(parts.size(), kParts); ++i) {
    if (::fnmatch(parts[i].c_str(), values[i]->c_str(), 0) != 0) {
      return false;
    }
  }
  return true;
}

}  // namespace

Result<void> check_conda_pattern(std::string_view pattern) {
  const auto parts = parts_of(pattern);
  if (parts.empty() || parts.size() > kParts || !is_plain_text(pattern)) {
    return Error{ErrorCode::kInvalid, "pattern \"" + std::string(pattern) + "\"",
                 "it is not a name, perhaps a version, perhaps a build",
                 R"(write "numpy", "numpy 1.26.*" or "numpy 1.26.* py311*")"};
  }
  if (pattern.find_first_of("<>=~|,") != std::string_view::npos) {
    return Error{ErrorCode::kInvalid, "pattern \"" + std::string(pattern) + "\"",
                 "it asks for a range of versions, and no solver is run here",
                 R"(write which versions are meant as a pattern: "numpy 1.26.*")"};
  }
  return {};
}

CondaSelection::CondaSelection(std::vector<std::string> include, std::vector<std::string> exclude)
    : include_(std::move(include)), exclude_(std::move(exclude)) {
  std::ranges::sort(include_);
  std::ranges::sort(exclude_);
}

bool CondaSelection::wants(const conda::FileName& file) {
  bool included = include_.empty();
  for (const std::string& pattern : include_) {
    if (matches(pattern, file)) {
      included = true;
      matched_.insert(pattern);
    }
  }
  return included && std::ranges::none_of(exclude_, [&](const std::string& pattern) {
           return matches(pattern, file);
         });
}

std::vector<std::string> CondaSelection::unmatched() const {
  std::vector<std::string> left;
  std::ranges::set_difference(include_, matched_, std::back_inserter(left));
  return left;
}

std::string CondaSelection::id() const {
  std::string text;
  for (const auto* patterns : {&include_, &exclude_}) {
    for (const std::string& pattern : *patterns) {
      text.append(pattern).push_back('\0');
    }
    text.push_back('\0');
  }
  return sha256(as_bytes(text)).hex();
}

}  // namespace sluice::low
