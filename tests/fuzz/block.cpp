// Blocks: what is signed by the right key and still says what cannot be.
#include "common/wire/block.h"

#include <zstd.h>

#include "common/base/limits.h"
#include "common/wire/block_layout.h"
#include "sluice/wire.pb.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/keys.h"

namespace sluice::fuzz {
namespace {

constexpr wire::BlockPlace kPlace{SessionId(0x1122334455667788), LaneId(0), BlockNumber(0)};

// Lengths and signature as they should be.
Bytes signed_block(ByteView data, ByteView head) {
  Bytes block;
  ByteWriter writer(block);
  writer.bytes(wire::kBlockMagic);
  writer.u32(wire::kBlockVersion);
  writer.u32(static_cast<std::uint32_t>(data.size()));
  writer.u32(static_cast<std::uint32_t>(head.size()));
  writer.bytes(signing_key().sign(crypto::Domain::kBlock, wire::signed_statement(kPlace, head)));
  writer.bytes(data);
  writer.bytes(head);
  return block;
}

Bytes zstd(ByteView raw) {
  Bytes out(ZSTD_compressBound(raw.size()));
  out.resize(ZSTD_compress(out.data(), out.size(), raw.data(), raw.size(), 1));
  return out;
}

// Appends a part that holds together, but for what the fuzzer turns.
void add_part(Input& input, Bytes& data, proto::Frame& frame) {
  proto::BlobPart& part = *frame.mutable_part();
  const std::uint8_t turned = input.u8();
  const ByteView content = input.piece();
  Bytes raw(content.begin(), content.end());
  if ((turned & 1) != 0) {  // so that it can become smaller
    raw.resize(raw.size() + input.u16(), std::uint8_t{'a'});
  }
  const bool compressed = (turned & 2) != 0;
  const Bytes stored = compressed ? zstd(raw) : raw;
  part.set_blob(std::string((turned & 4) != 0 ? input.u8() : Sha256Digest::kSize, 'b'));
  part.set_offset((turned & 8) != 0 ? input.u64() : 0);
  part.set_blob_size((turned & 16) != 0 ? input.u64() : part.offset() + raw.size());
  part.set_length((turned & 32) != 0 ? input.u32() : static_cast<std::uint32_t>(raw.size()));
  part.set_stored_length((turned & 64) != 0 ? input.u32()
                                            : static_cast<std::uint32_t>(stored.size()));
  part.set_encoding((turned & 128) != 0 ? static_cast<proto::BlobPart::Encoding>(input.u8())
                    : compressed        ? proto::BlobPart::ZSTD
                                        : proto::BlobPart::RAW);
  data.insert(data.end(), stored.begin(), stored.end());
}

void add_notice(Input& input, proto::Frame& frame) {
  proto::ShipmentNotice& notice = *frame.mutable_notice();
  notice.set_sequence(input.u64());
  notice.set_manifest(std::string(input.flag() ? Sha256Digest::kSize : input.u8(), 'm'));
  notice.set_manifest_size(input.u64());
  notice.set_pass(input.u32());
}

Bytes built_block(Input& input) {
  Bytes data;
  proto::BlockHead head;
  std::string raw_head;
  for (std::size_t frames = input.choice(32); frames > 0 && !input.empty(); --frames) {
    switch (input.choice(4)) {
      case 0:
      case 1:
        add_part(input, data, *head.add_frames());
        break;
      case 2:
        add_notice(input, *head.add_frames());
        break;
      default:
        raw_head += input.text();
        break;
    }
  }
  const std::string serialized = head.SerializeAsString() + raw_head;
  return signed_block(data, as_bytes(serialized));
}

void check_part(const wire::BlobPart& part, ByteView block, const std::uint8_t*& last) {
  SLUICE_ASSERT(part.blob_bytes <= limits::kMaxBlobBytes);
  SLUICE_ASSERT(part.offset <= part.blob_bytes && part.length <= part.blob_bytes - part.offset);
  SLUICE_ASSERT(part.length > 0 || part.blob_bytes == 0);
  SLUICE_ASSERT(part.length <= limits::kMaxBlockBytes);
  SLUICE_ASSERT(part.zstd ? part.stored.size() < part.length : part.stored.size() == part.length);
  // In the block's data, behind the part before it.
  SLUICE_ASSERT(part.stored.empty() ||
                (part.stored.data() >= last &&
                 part.stored.data() + part.stored.size() <= block.data() + block.size()));
  last = part.stored.empty() ? last : part.stored.data() + part.stored.size();
}

// What was read, written again: it reads the same.
void write_again(const wire::Block& block, const std::vector<ByteView>& decoded) {
  static wire::BlockWriter writer(limits::kMaxBlockBytes, 0);
  for (const wire::ShipmentNotice& notice : block.notices) {
    writer.add_notice(notice);
  }
  for (std::size_t i = 0; i < block.parts.size(); ++i) {
    const wire::BlobPart& part = block.parts[i];
    writer.add_part(part.blob, part.blob_bytes, part.offset, decoded[i]);
  }
  const ByteView written = writer.finish(kPlace, signing_key());
  const auto again = wire::read_block(written, kPlace, verify_key());
  SLUICE_ASSERT(again && again->parts.size() == block.parts.size() &&
                again->notices.size() == block.notices.size());
  for (std::size_t i = 0; i < block.parts.size(); ++i) {
    SLUICE_ASSERT(again->parts[i].blob == block.parts[i].blob &&
                  again->parts[i].offset == block.parts[i].offset &&
                  std::ranges::equal(again->parts[i].stored, decoded[i]));
  }
}

void read(ByteView bytes) {
  const auto block = wire::read_block(bytes, kPlace, verify_key());
  if (!block) {
    return;
  }
  SLUICE_ASSERT(block->parts.size() + block->notices.size() + block->unknown_frames <=
                wire::kMaxFramesPerBlock);
  std::uint64_t total = 0;
  const std::uint8_t* last = bytes.data() + wire::kBlockPrefixBytes;
  std::vector<Bytes> memory(block->parts.size());
  std::vector<ByteView> decoded;
  for (std::size_t i = 0; i < block->parts.size(); ++i) {
    const wire::BlobPart& part = block->parts[i];
    check_part(part, bytes, last);
    total += part.length;
    // A part of 16 MiB that is no zstd at all is refused as one of 1 MiB is, only later.
    if (part.length > (1U << 20)) {
      continue;
    }
    const auto content = wire::decode_part(part, memory[i]);
    SLUICE_ASSERT(memory[i].size() <= part.length);
    if (content) {
      SLUICE_ASSERT(content->size() == part.length);
      decoded.push_back(*content);
    }
  }
  SLUICE_ASSERT(total <= wire::kMaxDecodedBlockBytes);
  for (const wire::ShipmentNotice& notice : block->notices) {
    SLUICE_ASSERT(notice.sequence.value() > 0 && notice.manifest_bytes > 0 &&
                  notice.manifest_bytes <= limits::kMaxManifestBytes);
  }
  if (decoded.size() == block->parts.size() && total < limits::kMaxBlockBytes / 2) {
    write_again(*block, decoded);
  }
}

}  // namespace
}  // namespace sluice::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  fuzz::Input input(data, size);
  switch (input.choice(3)) {
    case 0:
      fuzz::read(input.rest());
      break;
    case 1: {
      const ByteView content = input.piece();
      fuzz::read(fuzz::signed_block(content, input.rest()));
      break;
    }
    default:
      fuzz::read(fuzz::built_block(input));
      break;
  }
  return 0;
}
