// What the block's reader and writer share.
#pragma once

#include <array>

#include "common/base/hasher.h"
#include "common/wire/block.h"

namespace sluice::wire {

inline constexpr std::array<std::uint8_t, 4> kBlockMagic{'S', 'L', 'B', 'K'};
inline constexpr std::uint8_t kBlockVersion = 1;
inline constexpr std::size_t kBlockSignatureOffset = 16;

// What a block's signature is made over.
inline Bytes signed_statement(const BlockPlace& place, ByteView head) {
  Bytes statement;
  ByteWriter writer(statement);
  writer.u64(place.session.value());
  writer.u8(place.lane.value());
  writer.u64(place.number.value());
  writer.bytes(sha256(head).bytes());
  return statement;
}

}  // namespace sluice::wire
