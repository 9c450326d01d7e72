// The keys of the worked example in docs/protocol.md, and others that nobody trusts.
#pragma once

#include "tests/unit/common/wire/fixed_keys.h"

namespace sluice::fuzz {

inline const crypto::SigningKey& signing_key() {
  static const crypto::SigningKey key = wire::fixed_signing_key();
  return key;
}
inline const crypto::VerifyKey& verify_key() {
  static const crypto::VerifyKey key = signing_key().verify_key();
  return key;
}
inline const crypto::OpeningKey& opening_key() {
  static const crypto::OpeningKey key = wire::fixed_opening_key();
  return key;
}
inline const crypto::SigningKey& foreign_signing_key() {
  static const crypto::SigningKey key = wire::fixed_signing_key(0x80);
  return key;
}
inline const crypto::OpeningKey& foreign_opening_key() {
  static const crypto::OpeningKey key = wire::fixed_opening_key(0xa0);
  return key;
}

}  // namespace sluice::fuzz
