#include "common/http/http_date.h"

#include <ctime>
#include <string>

namespace sluice::http {

std::optional<UtcTime> parse_http_date(std::string_view text) {
  const std::string line(text);
  // strptime reads English names: the program never leaves the "C" locale.
  for (const char* format : {"%a, %d %b %Y %H:%M:%S GMT",  // IMF-fixdate
                             "%A, %d-%b-%y %H:%M:%S GMT",  // RFC 850
                             "%a %b %e %H:%M:%S %Y"}) {    // asctime
    std::tm parts{};
    const char* end = ::strptime(line.c_str(), format, &parts);
    if (end != nullptr && *end == '\0') {
      return UtcTime(std::chrono::seconds(::timegm(&parts)));
    }
  }
  return std::nullopt;
}

}  // namespace sluice::http
