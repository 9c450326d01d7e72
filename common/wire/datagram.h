// The datagram: header, payload, tag. docs/protocol.md has the bytes as a grammar. All integers are
// little-endian.
//
//   prefix   0 magic "SLC"   3 version = 1   4 kind   5 lane   6 payload bytes (u16)          8
//   bytes, every kind sealed   8 session (u64)   16 counter (u64) 24 bytes, symbol and heartbeat
//   symbol  24 block (u64)   32 block bytes (u32)   36 ordinal (u32)   40 max data   41 parity   42
//   zero (u16)      44 bytes
//
// Symbol and heartbeat: header, payload encrypted in place, 16-byte tag; the whole header is
// authenticated. Announce: prefix, then a SignedEnvelope in clear.
#pragma once

#include <cstdint>
#include <variant>

#include "common/base/bytes.h"
#include "common/base/strong.h"
#include "common/fec/block_code.h"

namespace sluice::wire {

inline constexpr std::uint8_t kVersion = 1;
inline constexpr std::size_t kPrefixBytes = 8;
inline constexpr std::size_t kSealedHeaderBytes = 24;
inline constexpr std::size_t kSymbolHeaderBytes = 44;
inline constexpr std::size_t kTagBytes = 16;

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
  kTooShort,
  kBadMagic,
  kUnknownVersion,
  kUnknownKind,
  kBadLength,
  kBadGeometry,
  kBadLane
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
