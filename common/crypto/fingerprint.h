// How a public key is named to machines and to people.
#pragma once

#include <string>

#include "common/crypto/key_file.h"
#include "common/crypto/keys.h"

namespace sluice::crypto {

KeyId key_id(const PublicBytes& key);
// "0011223344556677 (89ab cdef …)": the id, then the whole key as hexadecimal in groups of four.
std::string key_fingerprint(const PublicBytes& key);

}  // namespace sluice::crypto
