// Blocks made by hand, to the letter of docs/protocol.md, so that tests can sign what no writer
// would write.
#pragma once

#include "common/base/hasher.h"
#include "common/wire/block.h"
#include "sluice/wire.pb.h"

namespace sluice::wire {

struct Forged {
  Bytes magic{'S', 'L', 'B', 'K'};
  std::uint32_t version_and_zero = 1;
  std::string head;
  Bytes data;
  std::uint32_t data_bytes = 0;
  std::uint32_t head_bytes = 0;
};

inline Forged forge(const proto::BlockHead& head, Bytes data) {
  Forged forged;
  forged.head = head.SerializeAsString();
  forged.data = std::move(data);
  forged.data_bytes = static_cast<std::uint32_t>(forged.data.size());
  forged.head_bytes = static_cast<std::uint32_t>(forged.head.size());
  return forged;
}

inline Bytes sign(const Forged& forged, const BlockPlace& place, const crypto::SigningKey& key) {
  Bytes statement;
  ByteWriter stated(statement);
  stated.u64(place.session.value());
  stated.u8(place.lane.value());
  stated.u64(place.number.value());
  stated.bytes(sha256(as_bytes(forged.head)).bytes());
  Bytes block;
  ByteWriter writer(block);
  writer.bytes(forged.magic);
  writer.u32(forged.version_and_zero);
  writer.u32(forged.data_bytes);
  writer.u32(forged.head_bytes);
  writer.bytes(key.sign(crypto::Domain::kBlock, statement));
  writer.bytes(forged.data);
  writer.bytes(as_bytes(forged.head));
  return block;
}

}  // namespace sluice::wire
