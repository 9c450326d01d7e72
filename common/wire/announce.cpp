#include "common/wire/announce.h"

#include <algorithm>

#include "common/base/limits.h"
#include "common/crypto/guarded.h"
#include "common/wire/datagram.h"
#include "common/wire/envelope.h"
#include "sluice/wire.pb.h"

namespace sluice::wire {
namespace {

constexpr std::size_t kSessionKeyBytes = 32;
constexpr std::size_t kSealedKeyBytes = kSessionKeyBytes + 48;  // crypto_box_seal's overhead
// Each key with its id and their headers; beside them a name, five numbers of 11 bytes at the most,
// the signature, its key's id, and 5 headers of 3 bytes.
constexpr std::size_t kLongestAnnounce = kPrefixBytes +
                                         kMaxReceiversPerAnnounce * (kSealedKeyBytes + 8 + 6) +
                                         kMaxStreamNameBytes + 5 * 11 + 64 + 8 + 5 * 3;
static_assert(kLongestAnnounce <= kMaxAnnounceBytes);
static_assert(kMaxAnnounceBytes <= limits::kMaxDatagramBytes);

Error bad_announce(std::string cause) {
  return {ErrorCode::kInvalid, "announce", std::move(cause), ""};
}

Result<void> check(const proto::Announce& announce) {
  if (!valid_stream_name(announce.stream())) {
    return bad_announce("names no stream, or one with other characters than A-Z a-z 0-9 . _ -");
  }
  if (static_cast<std::size_t>(announce.keys_size()) > kMaxReceiversPerAnnounce) {
    return bad_announce("has " + std::to_string(announce.keys_size()) + " sealed keys, more than " +
                        std::to_string(kMaxReceiversPerAnnounce));
  }
  for (const proto::SealedKey& key : announce.keys()) {
    if (key.receiver_key_id().size() != crypto::KeyId().size() ||
        key.sealed().size() != kSealedKeyBytes) {
      return bad_announce("has a sealed key of a wrong length");
    }
  }
  return {};
}

// kNotFound: none of the keys is for `receiver`.
Result<crypto::SessionKey> open_key(const proto::Announce& announce,
                                    const crypto::OpeningKey& receiver) {
  const crypto::KeyId id = receiver.sealing_key().id();
  for (const proto::SealedKey& key : announce.keys()) {
    if (!std::ranges::equal(as_bytes(key.receiver_key_id()), id)) {
      continue;
    }
    SLUICE_TRY(Bytes opened, receiver.open(as_bytes(key.sealed())));
    auto session_key = crypto::SessionKey::from_bytes(opened);
    crypto::wipe(opened);
    return session_key;
  }
  return Error{ErrorCode::kNotFound, "announce of " + announce.stream(),
               "is sealed to other receivers only",
               "give this receiver's public sealing key to the sender"};
}

}  // namespace

bool valid_stream_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxStreamNameBytes &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

Bytes write_announce(const SessionInfo& info, UtcTime now, const crypto::SessionKey& session_key,
                     const std::vector<crypto::SealingKey>& receivers,
                     const crypto::SigningKey& key) {
  SLUICE_ASSERT(valid_stream_name(info.stream));
  SLUICE_ASSERT(!receivers.empty() && receivers.size() <= kMaxReceiversPerAnnounce);
  proto::Announce announce;
  announce.set_stream(info.stream);
  announce.set_epoch(info.epoch.value());
  announce.set_session(info.session.value());
  announce.set_started_micros(to_unix_micros(info.started));
  announce.set_now_micros(to_unix_micros(now));
  for (const crypto::SealingKey& receiver : receivers) {
    proto::SealedKey& sealed_key = *announce.add_keys();
    const crypto::KeyId id = receiver.id();
    sealed_key.set_receiver_key_id(id.data(), id.size());
    const Bytes sealed = receiver.seal(session_key.bytes());
    sealed_key.set_sealed(sealed.data(), sealed.size());
  }
  const std::string envelope =
      write_envelope(crypto::Domain::kAnnounce, announce.SerializeAsString(), key);
  Bytes datagram(kPrefixBytes);
  encode(AnnounceHeader{static_cast<std::uint16_t>(envelope.size())},
         std::span<std::uint8_t, kPrefixBytes>(datagram.data(), kPrefixBytes));
  ByteWriter(datagram).bytes(as_bytes(envelope));
  SLUICE_ASSERT(datagram.size() <= kMaxAnnounceBytes);
  return datagram;
}

Result<OpenedAnnounce> read_announce(ByteView envelope, const crypto::VerifyKey& sender,
                                     const crypto::OpeningKey& receiver) {
  if (envelope.size() > limits::kMaxDatagramBytes) {
    return bad_announce("is longer than a datagram");
  }
  SLUICE_TRY(const std::string payload, read_envelope(crypto::Domain::kAnnounce, envelope, sender));
  proto::Announce announce;
  if (!announce.ParseFromString(payload)) {
    return bad_announce("cannot be parsed");
  }
  SLUICE_TRY_VOID(check(announce));
  SLUICE_TRY(crypto::SessionKey session_key, open_key(announce, receiver));
  return OpenedAnnounce{{announce.stream(), Epoch(announce.epoch()), SessionId(announce.session()),
                         from_unix_micros(announce.started_micros())},
                        from_unix_micros(announce.now_micros()),
                        std::move(session_key)};
}

}  // namespace sluice::wire
