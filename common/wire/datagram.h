// The datagram: header, payload, tag. docs/protocol.md has the bytes as a grammar. All integers are
// little-endian.
//
//   prefix   0 magic "SLC"  3 version = 1  4 kind  5 lane  6 payload bytes (u16)          8 bytes
//   sealed   prefix, 8 session (u64)  16 counter (u64)                                   24 bytes
//   symbol   sealed, 24 block (u64)  32 block bytes (u32)  36 ordinal (u32)
//            40 max data (u8)  41 parity (u8)  42 zero (u16)                             44 bytes
//
// Symbol: its header, payload, tag. Heartbeat: the sealed header, payload, tag. Both payloads are
// encrypted in place, the tag has 16 bytes, the whole header is authenticated. Announce: prefix
// with lane 0, then a SignedEnvelope in clear. Payload bytes count neither header nor tag.
#pragma once

#include <cstdint>
#include <variant>

#include "common/base/bytes.h"
#include "common/base/strong.h"
#include "common/crypto/datagram_cipher.h"
#include "common/fec/block_code.h"

namespace sluice::wire {

inline constexpr std::uint8_t kVersion = 1;
inline constexpr std::size_t kPrefixBytes = 8;
inline constexpr std::size_t kSealedHeaderBytes = 24;
inline constexpr std::size_t kSymbolHeaderBytes = 44;
inline constexpr std::size_t kTagBytes = crypto::kTagBytes;

enum class Kind : std::uint8_t { kSymbol = 1, kHeartbeat = 2, kAnnounce = 3 };

struct SymbolHeader {
  LaneId lane;
  SessionId session;
  std::uint64_t counter = 0;
  BlockNumber block;
  fec::Geometry geometry;  // symbol_bytes is the payload's length
  std::uint32_t ordinal = 0;
};

struct HeartbeatHeader {
  LaneId lane;
  SessionId session;
  std::uint64_t counter = 0;
  std::uint16_t payload_bytes = 0;
};

struct AnnounceHeader {
  std::uint16_t payload_bytes = 0;
};

// Why a datagram was not taken. Each has a counter.
enum class Reject {
  kTooShort,        // ends before its kind's header and tag do
  kBadMagic,        // not ours
  kUnknownVersion,  // of a newer or older protocol
  kUnknownKind,
  kBadLength,    // longer or shorter than it says, longer than limits.h allows, or without payload
  kBadGeometry,  // not valid(), ordinal beyond the last symbol, or reserved bytes that are not zero
  kBadLane       // not below limits::kMaxLanes; not 0 in an announce
};

using Header = std::variant<SymbolHeader, HeartbeatHeader, AnnounceHeader>;

// Checks everything that can be checked without a key: lengths, geometry against limits.h, lane,
// reserved bytes. Looks at `datagram`, keeps nothing of it.
std::variant<Header, Reject> parse(ByteView datagram);

void encode(const SymbolHeader& header, std::span<std::uint8_t, kSymbolHeaderBytes> out);
void encode(const HeartbeatHeader& header, std::span<std::uint8_t, kSealedHeaderBytes> out);
void encode(const AnnounceHeader& header, std::span<std::uint8_t, kPrefixBytes> out);

// UDP payload bytes that one packet of this MTU takes (IPv4: 28 bytes of headers, IPv6: 48).
std::size_t datagram_bytes(std::size_t mtu, bool ipv6);
// Payload of a symbol that fills one such datagram.
std::size_t symbol_bytes(std::size_t mtu, bool ipv6);

}  // namespace sluice::wire
