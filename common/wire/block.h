// The block: what one group of symbols carries.
//
//    0 magic "SLBK"  4 version = 1  5 zero[3]  8 data bytes (u32)  12 head bytes (u32)
//   16 signature[64]
//   80 data: the parts' stored bytes, one after another, then head: a BlockHead
//
// The signature covers session (u64) || lane (u8) || block number (u64) || SHA-256(head), in the
// domain "sluice block v1". The data section is not hashed once more: each part's bytes are bound
// by the blob's digest, which stands in the signed head and is computed again from what arrived.
// That saves both sides a pass of SHA-256 (0.5 ns a byte, as much as everything else the receiver
// does). The head stands last so that the writer can put data at its final place before it knows
// how many frames there will be.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/digest.h"
#include "common/base/error.h"
#include "common/base/limits.h"
#include "common/base/strong.h"
#include "common/crypto/keys.h"

namespace sluice::wire {

inline constexpr std::size_t kBlockPrefixBytes = 80;

// What a frame can take in the head: keys, lengths and the largest values of all fields of either
// kind (a BlobPart: 34 + 11 + 11 + 6 + 6 + 2, and 4 around it).
inline constexpr std::size_t kMaxFrameBytes = 80;
// Frames of a block at the most, so that a head of tiny ones does not cost many times its size.
inline constexpr std::size_t kMaxFramesPerBlock = 40'000;
static_assert(kMaxFramesPerBlock * kMaxFrameBytes <= limits::kMaxBlockHeadBytes);
// Decoded bytes of all parts of a block together: 4 times the largest block. It bounds the work
// that one block can ask of a receiver, and what the loss of one costs.
inline constexpr std::uint64_t kMaxDecodedBlockBytes = 4 * limits::kMaxBlockBytes;

struct BlobPart {
  Sha256Digest blob;
  std::uint64_t blob_bytes = 0;
  std::uint64_t offset = 0;
  std::uint32_t length = 0;  // decoded; 0 only for an empty blob
  bool zstd = false;
  ByteView stored;  // inside the block; as long as length unless zstd
};

struct ShipmentNotice {
  ShipmentSequence sequence;
  Sha256Digest manifest;
  std::uint64_t manifest_bytes = 0;
  std::uint32_t pass = 0;
};

struct BlockPlace {
  SessionId session;
  LaneId lane;
  BlockNumber number;
};

// Collects frames up to a size. Owns its buffers and keeps them for the next block; one thread.
//
// Data is written once, at its place in the block: add_part(…, raw) copies or compresses it there,
// or the caller reads a file into reserve(), which is that place unless parts of late were worth
// compressing, and calls add_reserved().
class BlockWriter {
 public:
  // `capacity`: bytes of a finished block at the most, within limits.h. `zstd_level`: 1 and above;
  // 0 sends everything as it is.
  explicit BlockWriter(std::size_t capacity, int zstd_level = 1);
  BlockWriter(BlockWriter&&) noexcept;
  ~BlockWriter();

  // Bytes of blob data that still fit beside one more part's header; 0 when it is time to finish().
  // While it is not 0, a notice fits too.
  std::size_t room() const;
  bool empty() const;

  // Whether the parts that follow are compressed where that helps; they are unless told otherwise.
  // What reserve() gave is dropped.
  void set_compressing(bool on);

  // Takes a part; compresses it where a probe of its first bytes says that this helps. `raw.size()`
  // must be ≤ room(), and 0 only for an empty blob.
  void add_part(const Sha256Digest& blob, std::uint64_t blob_bytes, std::uint64_t offset,
                ByteView raw);
  // Memory for the next part's bytes; `bytes` must be ≤ room(). Valid until the next call of
  // another member.
  MutableByteView reserve(std::size_t bytes);
  // Takes the first `bytes` of what reserve() gave as a part, like add_part().
  void add_reserved(const Sha256Digest& blob, std::uint64_t blob_bytes, std::uint64_t offset,
                    std::size_t bytes);
  // Must not be called while room() is 0.
  void add_notice(const ShipmentNotice& notice);

  // Signs; the view is valid until the next call that adds or reserves. Ready for the next block
  // afterwards.
  ByteView finish(const BlockPlace& place, const crypto::SigningKey& key);
  // After finish(): signs the same block for another place; the same view.
  ByteView finish_again(const BlockPlace& place, const crypto::SigningKey& key);
  // What finish() returned, followed by zeros up to a multiple of `symbol_bytes`
  // (≤ limits::kMaxDatagramBytes): the encoder's input, without a copy. As long valid.
  ByteView padded(std::size_t symbol_bytes) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct Block {
  std::vector<BlobPart> parts;  // views into the bytes that were read
  std::vector<ShipmentNotice> notices;
  // Kinds and encodings of a newer protocol: counted, left alone.
  std::size_t unknown_frames = 0;
};

// Checks structure, lengths and signature, and only then looks at the frames. kIntegrity names what
// does not hold.
Result<Block> read_block(ByteView bytes, const BlockPlace& place, const crypto::VerifyKey& key);

// The part's bytes: `part.stored` itself, or decompressed into `scratch`, never more than
// part.length of them. kIntegrity if they are not exactly that many.
Result<ByteView> decode_part(const BlobPart& part, Bytes& scratch);

}  // namespace sluice::wire
