#include "lowside/pipeline/next_page.h"

namespace sluice::low {

std::string next_page(std::string_view link) {
  for (;;) {
    const std::size_t begin = link.find('<');
    const std::size_t end = link.find('>', begin);
    if (begin == std::string_view::npos || end == std::string_view::npos) {
      return {};
    }
    const std::string_view target = link.substr(begin + 1, end - begin - 1);
    link.remove_prefix(end + 1);
    if (link.substr(0, link.find('<')).find("rel=\"next\"") != std::string_view::npos) {
      return std::string(target);
    }
  }
}

}  // namespace sluice::low
