#include "common/wire/envelope.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/wire/message_scan.h"
#include "sluice/wire.pb.h"

namespace sluice::wire {
namespace {

// There are three; what a newer sender adds is little. Each that is not known would cost a parser
// many times its bytes, before the signature has been checked.
constexpr std::size_t kMaxFields = 16;

}  // namespace

std::string write_envelope(crypto::Domain domain, const std::string& payload,
                           const crypto::SigningKey& key) {
  proto::SignedEnvelope envelope;
  envelope.set_payload(payload);
  const crypto::Signature signature = key.sign(domain, as_bytes(payload));
  envelope.set_signature(signature.data(), signature.size());
  const crypto::KeyId id = key.verify_key().id();
  envelope.set_key_id(id.data(), id.size());
  return envelope.SerializeAsString();
}

Result<std::string> read_envelope(crypto::Domain domain, ByteView envelope,
                                  const crypto::VerifyKey& key) {
  const std::string thing(to_string(domain));
  proto::SignedEnvelope parsed;
  if (!has_at_most(envelope, kMaxFields, 1) ||
      !parsed.ParseFromArray(envelope.data(), static_cast<int>(envelope.size()))) {
    return Error{ErrorCode::kInvalid, thing, "is not a signed envelope", ""};
  }
  crypto::Signature signature{};
  const ByteView sent = as_bytes(parsed.signature());
  if (sent.size() != signature.size()) {
    return Error{ErrorCode::kInvalid, thing,
                 "has a signature of " + std::to_string(sent.size()) + " bytes instead of 64", ""};
  }
  std::ranges::copy(sent, signature.begin());
  if (!key.verify(domain, as_bytes(parsed.payload()), signature)) {
    return Error{ErrorCode::kIntegrity, thing,
                 "is not signed by the key " + hex_encode(key.id()) + "; it names " +
                     hex_encode(as_bytes(parsed.key_id())
                                    .first(std::min<std::size_t>(parsed.key_id().size(),
                                                                 crypto::KeyId().size()))),
                 "configure the sender's public key"};
  }
  return std::move(*parsed.mutable_payload());
}

}  // namespace sluice::wire
