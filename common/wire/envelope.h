// SignedEnvelope: signed bytes and their signature.
#pragma once

#include <string>

#include "common/base/bytes.h"
#include "common/base/error.h"
#include "common/crypto/keys.h"

namespace sluice::wire {

std::string write_envelope(crypto::Domain domain, const std::string& payload,
                           const crypto::SigningKey& key);

// The payload that `key` signed in this domain. The caller has bounded the size of `envelope`;
// nothing larger than it is allocated. kInvalid: not an envelope. kIntegrity: not signed by `key`.
Result<std::string> read_envelope(crypto::Domain domain, ByteView envelope,
                                  const crypto::VerifyKey& key);

}  // namespace sluice::wire
