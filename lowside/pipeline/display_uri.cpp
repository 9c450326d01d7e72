#include "lowside/pipeline/files.h"

namespace sluice::low {

// Everything between "//" and the last '@' before the path is left out.
std::string display_uri(std::string_view uri) {
  const std::size_t start = uri.find("//");
  if (start == std::string_view::npos) {
    return std::string(uri);
  }
  const std::size_t end = uri.find_first_of("/?#", start + 2);
  const std::size_t at = uri.substr(0, end).rfind('@');
  if (at == std::string_view::npos || at < start + 2) {
    return std::string(uri);
  }
  return std::string(uri.substr(0, start + 2)) + std::string(uri.substr(at + 1));
}

}  // namespace sluice::low
