#include "common/media/group_head.h"

#include <algorithm>

#include "common/base/hasher.h"
#include "common/base/limits.h"
#include "common/media/layout.h"
#include "common/wire/announce.h"
#include "common/wire/datagram.h"

namespace sluice::media {
namespace {

//   0 magic "SLMH"  4 version = 1  5 file  6 statement bytes (u16)  8 announce bytes (u16)
//  10 zero[6]  16 check[16]: SHA-256 of the sector with zeros here  32 signature[64]
//  96 statement, announce, zeros
constexpr std::array<std::uint8_t, 4> kMagic{'S', 'L', 'M', 'H'};
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kCheckOffset = 16;
constexpr std::size_t kCheckBytes = 16;
constexpr std::size_t kFixedBytes = 96;
constexpr std::size_t kMaxStatement = 1 + wire::kMaxStreamNameBytes + 37 + 4 * kMaxBlocksPerGroup;
static_assert(kFixedBytes + kMaxStatement + wire::kMaxAnnounceBytes <= kSectorBytes);
static_assert(wire::kSymbolHeaderBytes + kSymbolBytes + wire::kTagBytes == kSectorBytes);
constexpr std::uint8_t kLast = 1;

Bytes statement_of(const GroupHead& head) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.u8(static_cast<std::uint8_t>(head.stream.size()));
  writer.bytes(as_bytes(head.stream));
  writer.u64(head.bundle);
  writer.u16(head.volume);
  writer.u32(head.group);
  writer.u64(head.sector);
  writer.u64(head.session.value());
  writer.u8(head.files);
  writer.u8(head.heads);
  writer.u8(head.last ? kLast : 0);
  writer.u8(head.max_data);
  writer.u8(head.parity);
  writer.u8(static_cast<std::uint8_t>(head.blocks.size()));
  for (const std::uint32_t block : head.blocks) {
    writer.u32(block);
  }
  return bytes;
}

bool within_limits(const GroupHead& head, std::uint8_t file) {
  if (!wire::valid_stream_name(head.stream) || head.bundle == 0 || head.volume == 0 ||
      head.files == 0 || head.files > kMaxDataFiles || file >= head.files || head.heads == 0 ||
      head.heads > kMaxHeads || head.blocks.empty() || head.blocks.size() > kMaxBlocksPerGroup ||
      head.sector > kMaxVolumeBytes / kSectorBytes) {
    return false;
  }
  for (std::size_t i = 0; i < head.blocks.size(); ++i) {
    if (!head.geometry(i).valid()) {
      return false;
    }
  }
  return true;
}

std::optional<GroupHead> parse_statement(ByteView bytes) {
  ByteReader reader(bytes);
  GroupHead head;
  head.stream = std::string(as_text(reader.bytes(reader.u8())));
  head.bundle = reader.u64();
  head.volume = reader.u16();
  head.group = reader.u32();
  head.sector = reader.u64();
  head.session = SessionId(reader.u64());
  head.files = reader.u8();
  head.heads = reader.u8();
  const std::uint8_t flags = reader.u8();
  head.last = flags == kLast;
  head.max_data = reader.u8();
  head.parity = reader.u8();
  const std::size_t blocks = reader.u8();
  if (!reader.ok() || flags > kLast || blocks > kMaxBlocksPerGroup) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < blocks; ++i) {
    head.blocks.push_back(reader.u32());
  }
  return reader.at_end() ? std::optional(std::move(head)) : std::nullopt;
}

ByteView check_of(const Sha256Digest& digest) { return digest.bytes().first(kCheckBytes); }

Sha256Digest digest_of(ByteView sector) {
  Bytes copy(sector.begin(), sector.end());
  std::fill_n(copy.begin() + kCheckOffset, kCheckBytes, std::uint8_t{0});
  return sha256(copy);
}

}  // namespace

fec::Geometry GroupHead::geometry(std::size_t block) const {
  return {.block_bytes = blocks[block],
          .symbol_bytes = static_cast<std::uint16_t>(kSymbolBytes),
          .max_data = max_data,
          .parity = parity};
}

Bytes write_head(const GroupHead& head, std::uint8_t file, ByteView announce,
                 const crypto::SigningKey& key) {
  SLUICE_ASSERT(within_limits(head, file) && announce.size() <= wire::kMaxAnnounceBytes);
  const Bytes statement = statement_of(head);
  Bytes sector;
  sector.reserve(kSectorBytes);
  ByteWriter writer(sector);
  writer.bytes(kMagic);
  writer.u8(kVersion);
  writer.u8(file);
  writer.u16(static_cast<std::uint16_t>(statement.size()));
  writer.u16(static_cast<std::uint16_t>(announce.size()));
  sector.resize(kCheckOffset + kCheckBytes);
  writer.bytes(key.sign(crypto::Domain::kMedia, statement));
  writer.bytes(statement);
  writer.bytes(announce);
  sector.resize(kSectorBytes);
  std::ranges::copy(check_of(digest_of(sector)), sector.begin() + kCheckOffset);
  return sector;
}

bool looks_like_head(ByteView sector) {
  return sector.size() >= kMagic.size() && std::ranges::equal(sector.first(kMagic.size()), kMagic);
}

std::optional<ReadHead> read_head(ByteView sector) {
  if (sector.size() != kSectorBytes || !looks_like_head(sector) ||
      !std::ranges::equal(check_of(digest_of(sector)), sector.subspan(kCheckOffset, kCheckBytes))) {
    return std::nullopt;
  }
  ByteReader reader(sector.subspan(kMagic.size()));
  ReadHead read;
  if (reader.u8() != kVersion) {
    return std::nullopt;
  }
  read.file = reader.u8();
  const std::size_t statement_bytes = reader.u16();
  const std::size_t announce_bytes = reader.u16();
  reader.bytes(kCheckOffset + kCheckBytes - 10);
  const ByteView signature = reader.bytes(read.signature.size());
  const ByteView statement = reader.bytes(statement_bytes);
  const ByteView announce = reader.bytes(announce_bytes);
  if (!reader.ok() || announce_bytes > wire::kMaxAnnounceBytes) {
    return std::nullopt;
  }
  auto head = parse_statement(statement);
  if (!head || !within_limits(*head, read.file)) {
    return std::nullopt;
  }
  read.head = *std::move(head);
  std::ranges::copy(signature, read.signature.begin());
  read.statement.assign(statement.begin(), statement.end());
  read.announce.assign(announce.begin(), announce.end());
  return read;
}

bool check_head(const ReadHead& head, const crypto::VerifyKey& sender) {
  return sender.verify(crypto::Domain::kMedia, head.statement, head.signature);
}

}  // namespace sluice::media
