#include "common/ecosystem/apt/path.h"

#include <algorithm>

#include "common/base/text.h"

namespace sluice::apt {

bool is_safe_segment(std::string_view segment) {
  return !segment.empty() && segment.size() <= kMaxPathBytes && segment != "." && segment != ".." &&
         std::ranges::none_of(segment, [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte < 0x20 || byte == 0x7f || c == '/' || c == '\\';
         });
}

bool is_safe_path(std::string_view path) {
  return path.size() <= kMaxPathBytes && std::ranges::all_of(split(path, '/'), is_safe_segment);
}

}  // namespace sluice::apt
