// Announce and heartbeat as values, with their signing, sealing and checking.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/strong.h"
#include "common/crypto/datagram_cipher.h"
#include "common/crypto/keys.h"

namespace sluice::wire {

inline constexpr std::size_t kMaxReceiversPerAnnounce = 8;
inline constexpr std::size_t kMaxStreamNameBytes = 64;
// A whole announce fits one packet of MTU 1500 over IPv6, whatever MTU the symbols use: 8 sealed
// keys of 94 bytes, a stream's name, numbers and signature are below 1000 bytes.
inline constexpr std::size_t kMaxAnnounceBytes = 1500 - 48;

// 1 to kMaxStreamNameBytes of A-Z a-z 0-9 . _ -
bool valid_stream_name(std::string_view name);

struct SessionInfo {
  std::string stream;  // valid_stream_name()
  Epoch epoch;
  SessionId session;
  UtcTime started;
};

// One announce datagram, whole, for at least one and at most kMaxReceiversPerAnnounce receivers.
Bytes write_announce(const SessionInfo& info, UtcTime now, const crypto::SessionKey& session_key,
                     const std::vector<crypto::SealingKey>& receivers,
                     const crypto::SigningKey& key);

struct OpenedAnnounce {
  SessionInfo info;
  UtcTime sent;
  crypto::SessionKey session_key;
};

// `envelope` is what follows the prefix. kInvalid: cannot be read. kIntegrity: not signed by
// `sender`. kNotFound: signed, but sealed to other receivers only.
Result<OpenedAnnounce> read_announce(ByteView envelope, const crypto::VerifyKey& sender,
                                     const crypto::OpeningKey& receiver);

struct LaneProgress {
  LaneId lane;
  BlockNumber next;  // all blocks below it were sent
};

struct Heartbeat {
  UtcTime now;
  ShipmentSequence last;            // the highest shipment ever sent; 0 for none
  ShipmentSequence oldest;          // the lowest that can still be sent again
  std::vector<LaneProgress> lanes;  // each lane once
};

Bytes write_heartbeat(const Heartbeat& heartbeat);  // the payload, before sealing
// kInvalid says what is wrong.
Result<Heartbeat> read_heartbeat(ByteView payload);

}  // namespace sluice::wire
