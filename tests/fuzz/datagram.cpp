// Datagrams: their headers, the heartbeat's payload.
#include "common/wire/datagram.h"

#include <set>

#include "common/base/limits.h"
#include "common/wire/announce.h"
#include "tests/fuzz/input.h"

namespace sluice::fuzz {
namespace {

void expect_encoded(ByteView datagram, ByteView header) {
  SLUICE_ASSERT(std::ranges::equal(datagram.first(header.size()), header));
}

void check(const wire::SymbolHeader& header, ByteView datagram) {
  SLUICE_ASSERT(header.lane.value() < limits::kMaxLanes);
  SLUICE_ASSERT(header.geometry.valid());
  SLUICE_ASSERT(header.geometry.block_bytes <= limits::kMaxBlockBytes);
  SLUICE_ASSERT(header.geometry.total_symbols() <= fec::kMaxSymbolsPerBlock);
  SLUICE_ASSERT(header.ordinal < header.geometry.total_symbols());
  SLUICE_ASSERT(datagram.size() ==
                wire::kSymbolHeaderBytes + header.geometry.symbol_bytes + wire::kTagBytes);
  std::array<std::uint8_t, wire::kSymbolHeaderBytes> encoded{};
  wire::encode(header, encoded);
  expect_encoded(datagram, encoded);
}

void check(const wire::HeartbeatHeader& header, ByteView datagram) {
  SLUICE_ASSERT(header.lane.value() < limits::kMaxLanes);
  SLUICE_ASSERT(datagram.size() ==
                wire::kSealedHeaderBytes + header.payload_bytes + wire::kTagBytes);
  std::array<std::uint8_t, wire::kSealedHeaderBytes> encoded{};
  wire::encode(header, encoded);
  expect_encoded(datagram, encoded);
}

void check(const wire::AnnounceHeader& header, ByteView datagram) {
  SLUICE_ASSERT(datagram.size() == wire::kPrefixBytes + header.payload_bytes);
  std::array<std::uint8_t, wire::kPrefixBytes> encoded{};
  wire::encode(header, encoded);
  expect_encoded(datagram, encoded);
}

void parse_datagram(ByteView datagram) {
  const auto parsed = wire::parse(datagram);
  if (const auto* header = std::get_if<wire::Header>(&parsed)) {
    SLUICE_ASSERT(datagram.size() <= limits::kMaxDatagramBytes);
    std::visit([&](const auto& known) { check(known, datagram); }, *header);
  }
}

void read_heartbeat(ByteView payload) {
  const auto heartbeat = wire::read_heartbeat(payload);
  if (!heartbeat) {
    return;
  }
  std::set<LaneId> lanes;
  for (const wire::LaneProgress& progress : heartbeat->lanes) {
    SLUICE_ASSERT(progress.lane.value() < limits::kMaxLanes && lanes.insert(progress.lane).second);
  }
  const Bytes written = wire::write_heartbeat(*heartbeat);
  const auto again = wire::read_heartbeat(written);
  SLUICE_ASSERT(again && wire::write_heartbeat(*again) == written);
  SLUICE_ASSERT(!format_rfc3339(heartbeat->now).empty());
}

// A header that is whole, with fields of the fuzzer's, so that the last checks are reached.
void parse_built_symbol(Input& input) {
  wire::SymbolHeader header;
  header.lane = LaneId(input.u8());
  header.session = SessionId(input.u64());
  header.counter = input.u64();
  header.block = BlockNumber(input.u64());
  header.geometry = {input.u32(), input.u16(), input.u8(), input.u8()};
  header.ordinal = input.u32();
  Bytes datagram(wire::kSymbolHeaderBytes + header.geometry.symbol_bytes + wire::kTagBytes);
  wire::encode(header, MutableByteView(datagram).first<wire::kSymbolHeaderBytes>());
  parse_datagram(datagram);
}

}  // namespace
}  // namespace sluice::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::Input input(data, size);
  switch (input.choice(3)) {
    case 0:
      sluice::fuzz::parse_datagram(input.rest());
      break;
    case 1:
      sluice::fuzz::read_heartbeat(input.rest());
      break;
    default:
      sluice::fuzz::parse_built_symbol(input);
      break;
  }
  return 0;
}
