#include "common/ecosystem/apt/path.h"

#include <algorithm>

#include "common/base/plain_text.h"
#include "common/base/text.h"

namespace sluice::apt {

bool is_safe_segment(std::string_view segment) {
  return !segment.empty() && segment.size() <= kMaxPathBytes && segment != "." && segment != ".." &&
         segment.find_first_of("/\\") == std::string_view::npos && is_plain_text(segment);
}

bool is_safe_path(std::string_view path) {
  return path.size() <= kMaxPathBytes && std::ranges::all_of(split(path, '/'), is_safe_segment);
}

}  // namespace sluice::apt
