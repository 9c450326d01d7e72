#include "common/base/plain_text.h"

#include <boost/locale/utf.hpp>

namespace sluice {

bool is_plain_text(std::string_view text) {
  using Utf8 = boost::locale::utf::utf_traits<char>;
  for (const char* at = text.data(); at != text.data() + text.size();) {
    const auto point = Utf8::decode(at, text.data() + text.size());
    if (point == boost::locale::utf::illegal || point == boost::locale::utf::incomplete ||
        point < 0x20 || (point >= 0x7f && point < 0xa0)) {
      return false;
    }
  }
  return true;
}

}  // namespace sluice
