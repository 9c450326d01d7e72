#include "lowside/upstream/apt/uri.h"

#include "common/base/bytes.h"
#include "common/base/text.h"

namespace sluice::low {

std::string encode_path(std::string_view path) {
  std::string encoded;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    encoded += plain ? std::string(1, c) : "%" + hex_encode(as_bytes(std::string_view(&c, 1)));
  }
  return encoded;
}

}  // namespace sluice::low
