#include <algorithm>
#include <cstring>

#include "common/wire/block.h"
#include "common/wire/block_layout.h"
#include "common/wire/compressor.h"
#include "sluice/wire.pb.h"

namespace sluice::wire {

static_assert(limits::kMinBlockBytes > kBlockPrefixBytes + kMaxFrameBytes,
              "a new block has room for a part");
static_assert(limits::kMaxBlockHeadBytes < limits::kMaxBlockBytes);
static_assert(kMaxDecodedBlockBytes >= limits::kMaxBlockBytes,
              "a block that compresses nothing is never cut short");

struct BlockWriter::State {
  State(std::size_t capacity_bytes, int zstd_level)
      : capacity(capacity_bytes),
        block(std::make_unique_for_overwrite<std::uint8_t[]>(capacity_bytes +
                                                             limits::kMaxDatagramBytes)),
        compressor(zstd_level) {}

  void add_frame(const proto::Frame& frame);
  void record_part(const Sha256Digest& blob, std::uint64_t blob_bytes, std::uint64_t offset,
                   std::size_t length, std::optional<std::size_t> compressed);
  std::optional<std::size_t> try_compress(ByteView raw, MutableByteView into) {
    return compressing ? compressor.try_compress(raw, into) : std::nullopt;
  }
  MutableByteView free_memory() { return {block.get() + end, capacity - end}; }

  const std::size_t capacity;
  // Prefix and data so far, room for the head, and for the padding behind the block.
  std::unique_ptr<std::uint8_t[]> block;
  std::size_t end = kBlockPrefixBytes;  // of the data
  std::size_t finished = 0;             // bytes of the block that finish() made
  std::size_t reserved = 0;
  bool compressing = true;
  bool apart = false;  // reserve() gives scratch: what was added last was worth compressing
  std::uint64_t decoded = 0;
  std::size_t frames = 0;
  std::string head;
  proto::Frame frame;  // reused
  Bytes scratch;       // a reserved part as it is if apart, else compressed
  Compressor compressor;
};

// Repeated messages one after another are the serialized BlockHead.
void BlockWriter::State::add_frame(const proto::Frame& added) {
  proto::BlockHead one;
  const std::size_t before = head.size();
  *one.add_frames() = added;
  SLUICE_ASSERT(one.AppendToString(&head));
  SLUICE_ASSERT(head.size() - before <= kMaxFrameBytes);
  ++frames;
}

void BlockWriter::State::record_part(const Sha256Digest& blob, std::uint64_t blob_bytes,
                                     std::uint64_t offset, std::size_t length,
                                     std::optional<std::size_t> compressed) {
  SLUICE_ASSERT(offset <= blob_bytes && length <= blob_bytes - offset);
  SLUICE_ASSERT(length > 0 || blob_bytes == 0);
  proto::BlobPart& part = *frame.mutable_part();
  part.set_blob(blob.bytes().data(), blob.bytes().size());
  part.set_blob_size(blob_bytes);
  part.set_offset(offset);
  part.set_length(static_cast<std::uint32_t>(length));
  part.set_stored_length(static_cast<std::uint32_t>(compressed.value_or(length)));
  part.set_encoding(compressed ? proto::BlobPart::ZSTD : proto::BlobPart::RAW);
  add_frame(frame);
  end += compressed.value_or(length);
  decoded += length;
}

BlockWriter::BlockWriter(std::size_t capacity, int zstd_level)
    : state_(std::make_unique<State>(capacity, zstd_level)) {
  SLUICE_ASSERT(capacity >= limits::kMinBlockBytes && capacity <= limits::kMaxBlockBytes);
}
BlockWriter::BlockWriter(BlockWriter&&) noexcept = default;
BlockWriter::~BlockWriter() = default;

std::size_t BlockWriter::room() const {
  const State& s = *state_;
  const std::size_t used = s.end + s.head.size() + kMaxFrameBytes;
  if (used >= s.capacity || s.frames >= kMaxFramesPerBlock) {
    return 0;
  }
  return std::min<std::uint64_t>(s.capacity - used, kMaxDecodedBlockBytes - s.decoded);
}

bool BlockWriter::empty() const { return state_->frames == 0; }

void BlockWriter::set_compressing(bool on) {
  state_->reserved = 0;
  state_->compressing = on;
  state_->apart = state_->apart && on;
}

void BlockWriter::add_part(const Sha256Digest& blob, std::uint64_t blob_bytes, std::uint64_t offset,
                           ByteView raw) {
  State& s = *state_;
  SLUICE_ASSERT(room() > 0 && raw.size() <= room());
  const auto compressed = s.try_compress(raw, s.free_memory());
  if (!compressed && !raw.empty()) {
    std::memcpy(s.free_memory().data(), raw.data(), raw.size());
  }
  s.record_part(blob, blob_bytes, offset, raw.size(), compressed);
}

MutableByteView BlockWriter::reserve(std::size_t bytes) {
  SLUICE_ASSERT(bytes <= room());
  State& s = *state_;
  s.reserved = bytes;
  if (s.scratch.size() < bytes) {
    s.scratch.resize(bytes);
  }
  return (s.apart ? MutableByteView(s.scratch) : s.free_memory()).first(bytes);
}

void BlockWriter::add_reserved(const Sha256Digest& blob, std::uint64_t blob_bytes,
                               std::uint64_t offset, std::size_t bytes) {
  State& s = *state_;
  SLUICE_ASSERT(room() > 0 && bytes <= s.reserved);
  s.reserved = 0;
  const MutableByteView place = s.free_memory();
  const MutableByteView scratch(s.scratch);
  const auto compressed = s.apart ? s.try_compress(scratch.first(bytes), place)
                                  : s.try_compress(place.first(bytes), scratch);
  // Nothing is copied while the parts are of the kind that the last one was.
  if (compressed.has_value() != s.apart) {
    std::ranges::copy(scratch.first(compressed.value_or(bytes)), place.begin());
    s.apart = compressed.has_value();
  }
  s.record_part(blob, blob_bytes, offset, bytes, compressed);
}

void BlockWriter::add_notice(const ShipmentNotice& notice) {
  SLUICE_ASSERT(room() > 0);
  proto::ShipmentNotice& message = *state_->frame.mutable_notice();
  message.set_sequence(notice.sequence.value());
  message.set_manifest(notice.manifest.bytes().data(), notice.manifest.bytes().size());
  message.set_manifest_size(notice.manifest_bytes);
  message.set_pass(notice.pass);
  state_->add_frame(state_->frame);
}

ByteView BlockWriter::finish(const BlockPlace& place, const crypto::SigningKey& key) {
  State& s = *state_;
  const ByteView head = as_bytes(s.head);
  Bytes prefix;
  ByteWriter writer(prefix);
  writer.bytes(kBlockMagic);
  writer.u32(kBlockVersion);  // and three bytes of zero
  writer.u32(static_cast<std::uint32_t>(s.end - kBlockPrefixBytes));
  writer.u32(static_cast<std::uint32_t>(head.size()));
  writer.bytes(key.sign(crypto::Domain::kBlock, signed_statement(place, head)));
  SLUICE_ASSERT(prefix.size() == kBlockPrefixBytes && s.end + head.size() <= s.capacity);

  std::memcpy(s.block.get(), prefix.data(), prefix.size());
  std::memcpy(s.block.get() + s.end, s.head.data(), s.head.size());
  s.finished = s.end + s.head.size();
  std::fill_n(s.block.get() + s.finished, limits::kMaxDatagramBytes, std::uint8_t{0});

  s.end = kBlockPrefixBytes;
  s.head.clear();
  s.decoded = 0;
  s.frames = 0;
  s.reserved = 0;
  return {s.block.get(), s.finished};
}

ByteView BlockWriter::finish_again(const BlockPlace& place, const crypto::SigningKey& key) {
  const State& s = *state_;
  SLUICE_ASSERT(s.finished > 0);
  ByteReader prefix(ByteView(s.block.get(), kBlockPrefixBytes));
  prefix.bytes(8);
  const std::size_t data_bytes = prefix.u32();
  const ByteView head(s.block.get() + kBlockPrefixBytes + data_bytes,
                      s.finished - kBlockPrefixBytes - data_bytes);
  const auto signature = key.sign(crypto::Domain::kBlock, signed_statement(place, head));
  std::memcpy(s.block.get() + kBlockPrefixBytes - signature.size(), signature.data(),
              signature.size());
  return {s.block.get(), s.finished};
}

ByteView BlockWriter::padded(std::size_t symbol_bytes) const {
  const State& s = *state_;
  SLUICE_ASSERT(s.finished > 0 && symbol_bytes > 0 && symbol_bytes <= limits::kMaxDatagramBytes);
  return {s.block.get(), (s.finished + symbol_bytes - 1) / symbol_bytes * symbol_bytes};
}

}  // namespace sluice::wire
