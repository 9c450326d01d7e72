// The block: what one group of symbols carries.
//
//   0 magic "SLBK"   4 version = 1   5 zero[3]   8 head bytes (u32)   12 data bytes (u32)   16
//   signature[64]   80 head (BlockHead)   … data
//
// The signature covers session (u64) || lane (u8) || block number (u64) || SHA-256(head), in the
// domain "sluice block v1". The data section is not hashed once more: each part's bytes are bound
// by the blob's digest, which stands in the signed head and is computed again from what arrived.
// That saves both sides a pass of SHA-256 (0.5 ns a byte, as much as everything else the receiver
// does).
#pragma once

#include <cstdint>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/digest.h"
#include "common/base/error.h"
#include "common/base/strong.h"
#include "common/crypto/keys.h"

namespace sluice::wire {

inline constexpr std::size_t kBlockPrefixBytes = 80;

struct BlobPart {
  Sha256Digest blob;
  std::uint64_t blob_bytes = 0;
  std::uint64_t offset = 0;
  std::uint32_t length = 0;  // decoded
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
class BlockWriter {
 public:
  // `capacity`: bytes of a finished block at the most, within limits.h.
  explicit BlockWriter(std::size_t capacity);

  // Bytes of blob data that still fit beside one more part's header; 0 when it is time to finish().
  std::size_t room() const;
  bool empty() const;

  // Takes a part; compresses it (level `zstd_level`) where a probe of its first bytes says that
  // this helps. `raw.size()` must be ≤ room().
  void add_part(const Sha256Digest& blob, std::uint64_t blob_bytes, std::uint64_t offset,
                ByteView raw);
  void add_notice(const ShipmentNotice& notice);

  // Signs; the view is valid until the next call of any member. Ready for the next block
  // afterwards.
  ByteView finish(const BlockPlace& place, const crypto::SigningKey& key);

 private:
  std::size_t capacity_;
  Bytes head_;
  Bytes data_;
  Bytes block_;
};

struct Block {
  std::vector<BlobPart> parts;  // views into the bytes that were read
  std::vector<ShipmentNotice> notices;
  std::size_t unknown_frames = 0;  // kinds of a newer protocol: counted, left alone
};

// Checks structure, lengths and signature, and only then looks at the frames. kIntegrity names what
// does not hold.
Result<Block> read_block(ByteView bytes, const BlockPlace& place, const crypto::VerifyKey& key);

// The part's bytes: `part.stored` itself, or decompressed into `scratch`, never more than
// part.length of them. kIntegrity if they are not exactly that many.
Result<ByteView> decode_part(const BlobPart& part, Bytes& scratch);

}  // namespace sluice::wire
