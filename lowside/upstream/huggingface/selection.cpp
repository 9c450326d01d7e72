#include "lowside/upstream/huggingface/selection.h"

#include <fnmatch.h>

#include <algorithm>

#include "common/base/hasher.h"

namespace sluice::low {
namespace {

bool matches_one(const std::vector<std::string>& patterns, const std::string& path) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) {
    // "onnx/" is all that is below it, as the hub's clients have it.
    const std::string whole = pattern.ends_with('/') ? pattern + "*" : pattern;
    return ::fnmatch(whole.c_str(), path.c_str(), 0) == 0;
  });
}

}  // namespace

Selection::Selection(std::vector<std::string> include, std::vector<std::string> exclude)
    : include_(std::move(include)), exclude_(std::move(exclude)) {
  std::ranges::sort(include_);
  std::ranges::sort(exclude_);
  std::string text;
  for (const auto* patterns : {&include_, &exclude_}) {
    for (const std::string& pattern : *patterns) {
      text.append(pattern).push_back('\0');
    }
    text.push_back('\0');
  }
  id_ = sha256(as_bytes(text)).hex();
}

bool Selection::wants(const std::string& path) const {
  return (include_.empty() || matches_one(include_, path)) && !matches_one(exclude_, path);
}

}  // namespace sluice::low
