#include "common/crypto/fingerprint.h"

#include <algorithm>

#include "common/base/hasher.h"
#include "common/base/text.h"

namespace sluice::crypto {

KeyId key_id(const PublicBytes& key) {
  const Sha256Digest digest = sha256(key);
  KeyId id{};
  std::ranges::copy(digest.bytes().first(id.size()), id.begin());
  return id;
}

std::string key_fingerprint(const PublicBytes& key) {
  const std::string digits = hex_encode(key);
  std::string text = hex_encode(key_id(key)) + " (";
  for (std::size_t i = 0; i < digits.size(); i += 4) {
    text += (i == 0 ? "" : " ") + digits.substr(i, 4);
  }
  return text + ")";
}

}  // namespace sluice::crypto
