// A signed block with its parity, between the builder and a lane's sender.
#pragma once

#include <cstdint>

#include "common/base/bytes.h"
#include "common/base/strong.h"
#include "common/fec/block_code.h"
#include "common/wire/block.h"
#include "lowside/pipeline/outbox.h"
#include "lowside/transmit/settings.h"

namespace sluice::low {

// Holds the writer in whose memory the data lies, so that nothing is copied before it is sealed.
// Reused from block to block.
struct EncodedBlock {
  explicit EncodedBlock(const TransmitSettings& settings)
      : writer(settings.block_bytes, settings.zstd_level) {}

  wire::BlockWriter writer;
  BlockNumber number;
  fec::Geometry geometry;
  ByteView data;                 // in the writer: whole symbols
  Bytes parity;                  // in the order of sending
  std::uint64_t pass_bytes = 0;  // of the manifest and the blobs, for progress
  Urgency urgency{};             // of its pass
  std::uint64_t pass = 0;        // the number of that among all passes of the session

  ByteView symbol(std::uint32_t ordinal) const {
    const std::size_t at = std::size_t{ordinal} * geometry.symbol_bytes;
    return at < data.size() ? data.subspan(at, geometry.symbol_bytes)
                            : ByteView(parity).subspan(at - data.size(), geometry.symbol_bytes);
  }
};

}  // namespace sluice::low
