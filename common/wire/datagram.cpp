#include "common/wire/datagram.h"

#include <algorithm>

#include "common/base/limits.h"

namespace sluice::wire {
namespace {

constexpr std::array<std::uint8_t, 3> kMagic{'S', 'L', 'C'};

struct Prefix {
  Kind kind;
  LaneId lane;
  std::uint16_t payload_bytes;
};

// Header and tag of a kind: what a datagram has besides its payload.
std::size_t overhead(Kind kind) {
  switch (kind) {
    case Kind::kSymbol:
      return kSymbolHeaderBytes + kTagBytes;
    case Kind::kHeartbeat:
      return kSealedHeaderBytes + kTagBytes;
    case Kind::kAnnounce:
      return kPrefixBytes;
  }
  assertion_failed("a Kind that exists", __FILE__, __LINE__);
}

bool known(std::uint8_t kind) {
  return kind >= static_cast<std::uint8_t>(Kind::kSymbol) &&
         kind <= static_cast<std::uint8_t>(Kind::kAnnounce);
}

std::variant<Prefix, Reject> parse_prefix(ByteReader& reader, std::size_t datagram_bytes) {
  const ByteView magic = reader.bytes(kMagic.size());
  const std::uint8_t version = reader.u8();
  const std::uint8_t kind = reader.u8();
  const LaneId lane(reader.u8());
  const std::uint16_t payload_bytes = reader.u16();
  if (!reader.ok()) {
    return Reject::kTooShort;
  }
  if (!std::ranges::equal(magic, kMagic)) {
    return Reject::kBadMagic;
  }
  if (version != kVersion) {
    return Reject::kUnknownVersion;
  }
  if (!known(kind)) {
    return Reject::kUnknownKind;
  }
  const Prefix prefix{static_cast<Kind>(kind), lane, payload_bytes};
  if (datagram_bytes < overhead(prefix.kind)) {
    return Reject::kTooShort;
  }
  if (payload_bytes == 0 || datagram_bytes != overhead(prefix.kind) + payload_bytes ||
      datagram_bytes > limits::kMaxDatagramBytes) {
    return Reject::kBadLength;
  }
  if (lane.value() >= limits::kMaxLanes || (prefix.kind == Kind::kAnnounce && lane != LaneId(0))) {
    return Reject::kBadLane;
  }
  return prefix;
}

std::variant<Header, Reject> parse_symbol(ByteReader& reader, const Prefix& prefix) {
  SymbolHeader header;
  header.lane = prefix.lane;
  header.session = SessionId(reader.u64());
  header.counter = reader.u64();
  header.block = BlockNumber(reader.u64());
  header.geometry.block_bytes = reader.u32();
  header.geometry.symbol_bytes = prefix.payload_bytes;
  header.ordinal = reader.u32();
  header.geometry.max_data = reader.u8();
  header.geometry.parity = reader.u8();
  const bool reserved_is_zero = reader.u16() == 0;
  SLUICE_ASSERT(reader.ok());  // parse_prefix() compared the length
  if (!reserved_is_zero || !header.geometry.valid() ||
      header.ordinal >= header.geometry.total_symbols()) {
    return Reject::kBadGeometry;
  }
  return header;
}

HeartbeatHeader parse_heartbeat(ByteReader& reader, const Prefix& prefix) {
  HeartbeatHeader header;
  header.lane = prefix.lane;
  header.session = SessionId(reader.u64());
  header.counter = reader.u64();
  header.payload_bytes = prefix.payload_bytes;
  SLUICE_ASSERT(reader.ok());
  return header;
}

// Writes little-endian fields one after another into memory of a fixed size.
class Fields {
 public:
  explicit Fields(MutableByteView out) : rest_(out) {}

  Fields& put(std::uint64_t value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) {
      rest_[i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
    rest_ = rest_.subspan(width);
    return *this;
  }
  Fields& prefix(Kind kind, LaneId lane, std::uint16_t payload_bytes) {
    for (const std::uint8_t byte : kMagic) {
      put(byte, 1);
    }
    return put(kVersion, 1)
        .put(static_cast<std::uint8_t>(kind), 1)
        .put(lane.value(), 1)
        .put(payload_bytes, 2);
  }

 private:
  MutableByteView rest_;
};

std::size_t packet_headers(bool ipv6) {
  return (ipv6 ? 40 : 20) + 8;  // without options, and UDP
}

}  // namespace

std::variant<Header, Reject> parse(ByteView datagram) {
  ByteReader reader(datagram);
  const auto parsed = parse_prefix(reader, datagram.size());
  if (const auto* reject = std::get_if<Reject>(&parsed)) {
    return *reject;
  }
  const Prefix& prefix = std::get<Prefix>(parsed);
  switch (prefix.kind) {
    case Kind::kSymbol:
      return parse_symbol(reader, prefix);
    case Kind::kHeartbeat:
      return parse_heartbeat(reader, prefix);
    case Kind::kAnnounce:
      return AnnounceHeader{prefix.payload_bytes};
  }
  assertion_failed("a Kind that exists", __FILE__, __LINE__);
}

void encode(const SymbolHeader& header, std::span<std::uint8_t, kSymbolHeaderBytes> out) {
  Fields(out)
      .prefix(Kind::kSymbol, header.lane, header.geometry.symbol_bytes)
      .put(header.session.value(), 8)
      .put(header.counter, 8)
      .put(header.block.value(), 8)
      .put(header.geometry.block_bytes, 4)
      .put(header.ordinal, 4)
      .put(header.geometry.max_data, 1)
      .put(header.geometry.parity, 1)
      .put(0, 2);
}

void encode(const HeartbeatHeader& header, std::span<std::uint8_t, kSealedHeaderBytes> out) {
  Fields(out)
      .prefix(Kind::kHeartbeat, header.lane, header.payload_bytes)
      .put(header.session.value(), 8)
      .put(header.counter, 8);
}

void encode(const AnnounceHeader& header, std::span<std::uint8_t, kPrefixBytes> out) {
  Fields(out).prefix(Kind::kAnnounce, LaneId(0), header.payload_bytes);
}

std::size_t datagram_bytes(std::size_t mtu, bool ipv6) {
  SLUICE_ASSERT(mtu > packet_headers(ipv6));
  return std::min(mtu - packet_headers(ipv6), limits::kMaxDatagramBytes);
}

std::size_t symbol_bytes(std::size_t mtu, bool ipv6) {
  const std::size_t datagram = datagram_bytes(mtu, ipv6);
  SLUICE_ASSERT(datagram > kSymbolHeaderBytes + kTagBytes);
  return datagram - kSymbolHeaderBytes - kTagBytes;
}

}  // namespace sluice::wire
