#include <algorithm>

#include "common/wire/block.h"
#include "common/wire/block_layout.h"
#include "common/wire/compressor.h"
#include "common/wire/message_scan.h"
#include "sluice/wire.pb.h"

namespace sluice::wire {
namespace {

// A part has six. What a newer sender adds is little; each field that is not known would cost a
// parser many times its bytes.
constexpr std::size_t kMaxFieldsOfFrame = 64;

struct Sections {
  crypto::Signature signature{};
  ByteView data;
  ByteView head;
};

class BlockParser {
 public:
  explicit BlockParser(const BlockPlace& place) : place_(place) {}

  Result<Block> parse(ByteView bytes, const crypto::VerifyKey& key);

 private:
  Error bad(std::string cause) const;
  Result<Sections> cut(ByteView bytes) const;
  Result<void> read_frames(const Sections& sections);
  Result<void> read_frame(ByteView message);
  Result<void> read_part(const proto::BlobPart& part);
  Result<void> read_notice(const proto::ShipmentNotice& notice);

  const BlockPlace place_;
  Block block_;
  ByteReader data_{{}};
  std::uint64_t decoded_ = 0;
  std::size_t frames_ = 0;
  proto::Frame frame_;  // reused
};

Error BlockParser::bad(std::string cause) const {
  return {ErrorCode::kIntegrity,
          "block " + std::to_string(place_.number.value()) + " of lane " +
              std::to_string(place_.lane.value()),
          std::move(cause), ""};
}

Result<Sections> BlockParser::cut(ByteView bytes) const {
  ByteReader reader(bytes);
  const ByteView magic = reader.bytes(kBlockMagic.size());
  const std::uint32_t version = reader.u32();
  const std::uint32_t data_bytes = reader.u32();
  const std::uint32_t head_bytes = reader.u32();
  Sections sections;
  const ByteView signature = reader.bytes(sections.signature.size());
  if (!reader.ok()) {
    return bad("is shorter than a block's prefix");
  }
  if (!std::ranges::equal(magic, kBlockMagic)) {
    return bad("does not begin like a block");
  }
  if (version != kBlockVersion) {
    return bad("has version " + std::to_string(version) + "; this program reads version 1");
  }
  if (head_bytes > limits::kMaxBlockHeadBytes) {
    return bad("has a head of " + std::to_string(head_bytes) + " bytes, more than the limit");
  }
  std::ranges::copy(signature, sections.signature.begin());
  sections.data = reader.bytes(data_bytes);
  sections.head = reader.bytes(head_bytes);
  if (!reader.at_end()) {
    return bad("is longer or shorter than its prefix says");
  }
  return sections;
}

Result<Block> BlockParser::parse(ByteView bytes, const crypto::VerifyKey& key) {
  SLUICE_TRY(const Sections sections, cut(bytes));
  if (!key.verify(crypto::Domain::kBlock, signed_statement(place_, sections.head),
                  sections.signature)) {
    return bad("is not signed for this place by the sender's key");
  }
  SLUICE_TRY_VOID(read_frames(sections));
  return std::move(block_);
}

Result<void> BlockParser::read_frames(const Sections& sections) {
  data_ = ByteReader(sections.data);
  MessageScanner scanner(sections.head);
  while (const auto field = scanner.next()) {
    if (field->number != proto::BlockHead::kFramesFieldNumber || !field->is_message) {
      continue;  // of a newer protocol, and harmless or it would be a frame
    }
    if (++frames_ > kMaxFramesPerBlock) {
      return bad("has more than " + std::to_string(kMaxFramesPerBlock) + " frames");
    }
    SLUICE_TRY_VOID(read_frame(field->bytes));
  }
  if (!scanner.ok()) {
    return bad("has a head that cannot be parsed");
  }
  if (!data_.at_end()) {
    return bad("has data that no frame names");
  }
  return {};
}

Result<void> BlockParser::read_frame(ByteView message) {
  if (!has_at_most(message, kMaxFieldsOfFrame, 2) ||
      !frame_.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    return bad("has a frame that cannot be parsed");
  }
  switch (frame_.kind_case()) {
    case proto::Frame::kPart:
      return read_part(frame_.part());
    case proto::Frame::kNotice:
      return read_notice(frame_.notice());
    case proto::Frame::KIND_NOT_SET:
      ++block_.unknown_frames;
      return {};
  }
  return {};
}

Result<void> BlockParser::read_part(const proto::BlobPart& part) {
  const ByteView stored = data_.bytes(part.stored_length());
  if (!data_.ok()) {
    return bad("has a part that ends beyond its data");
  }
  if (part.encoding() != proto::BlobPart::RAW && part.encoding() != proto::BlobPart::ZSTD) {
    ++block_.unknown_frames;
    return {};
  }
  const auto blob = Sha256Digest::from_bytes(as_bytes(part.blob()));
  if (!blob) {
    return bad("has a part whose blob is not named by a SHA-256");
  }
  const bool zstd = part.encoding() == proto::BlobPart::ZSTD;
  const bool inside = part.blob_size() <= limits::kMaxBlobBytes &&
                      part.offset() <= part.blob_size() &&
                      part.length() <= part.blob_size() - part.offset() &&
                      (part.length() > 0 || part.blob_size() == 0);
  const bool lengths =
      zstd ? part.stored_length() < part.length() : part.stored_length() == part.length();
  decoded_ += part.length();
  if (!inside || !lengths || part.length() > limits::kMaxBlockBytes ||
      decoded_ > kMaxDecodedBlockBytes) {
    return bad("has a part of blob " + blob->hex() + " whose lengths cannot be");
  }
  block_.parts.push_back({*blob, part.blob_size(), part.offset(), part.length(), zstd, stored});
  return {};
}

Result<void> BlockParser::read_notice(const proto::ShipmentNotice& notice) {
  const auto manifest = Sha256Digest::from_bytes(as_bytes(notice.manifest()));
  if (!manifest || notice.sequence() == 0 || notice.manifest_size() == 0 ||
      notice.manifest_size() > limits::kMaxManifestBytes) {
    return bad("has a notice of shipment " + std::to_string(notice.sequence()) +
               " whose sequence, digest or size cannot be");
  }
  block_.notices.push_back(
      {ShipmentSequence(notice.sequence()), *manifest, notice.manifest_size(), notice.pass()});
  return {};
}

}  // namespace

Result<Block> read_block(ByteView bytes, const BlockPlace& place, const crypto::VerifyKey& key) {
  return BlockParser(place).parse(bytes, key);
}

Result<ByteView> decode_part(const BlobPart& part, Bytes& scratch) {
  if (!part.zstd) {
    return part.stored;
  }
  scratch.resize(std::max<std::size_t>(scratch.size(), part.length));
  const MutableByteView out = MutableByteView(scratch).first(part.length);
  if (!decompress(part.stored, out)) {
    return Error{ErrorCode::kIntegrity, "a part of blob " + part.blob.hex(),
                 "does not decode to the " + std::to_string(part.length) + " bytes it names", ""};
  }
  return ByteView(out);
}

}  // namespace sluice::wire
