#include "lowside/pipeline/media_type.h"

#include <algorithm>

namespace sluice::low {

bool media_type_allowed(std::string_view type, const std::vector<std::string>& allowed) {
  if (allowed.empty()) {
    return true;
  }
  return std::any_of(allowed.begin(), allowed.end(), [&](std::string_view one) {
    return one.ends_with("/*") ? type.starts_with(one.substr(0, one.size() - 1)) : type == one;
  });
}

}  // namespace sluice::low
