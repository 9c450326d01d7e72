// Every limit that both sides share, named once. A limit of one folder only stands in that folder.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::limits {

// One packet on the largest MTU in use (9000) less IPv6 and UDP headers fits; a receiver allocates
// no more for one datagram.
inline constexpr std::size_t kMaxDatagramBytes = 9000 - 40 - 8;

// 16 lanes: one for each core of a large machine's link side. The lane is a byte of the nonce.
inline constexpr std::size_t kMaxLanes = 16;

// A block is held whole in memory by both sides, with its parity: a window of 8 costs 8 × 20 MiB at
// the most.
inline constexpr std::size_t kMaxBlockBytes = std::size_t{16} << 20;
inline constexpr std::size_t kMinBlockBytes = std::size_t{64} << 10;
// Blocks of a lane that are under way at once: of 16 MiB, 4 GiB, which is an outage of 0.3 s at 10
// Gb/s with a ninth of parity. A receiver keeps some bytes for each, and memory only for those that
// have begun.
inline constexpr std::size_t kMaxBlocksInFlight = 256;
// Frame headers of a block: at 100 bytes each, room for 40 000 frames.
inline constexpr std::size_t kMaxBlockHeadBytes = std::size_t{4} << 20;

// GF(2^8) has room for 255 symbols in a codeword; more than 200 + 55 only slows decoding (quadratic
// in losses).
inline constexpr std::size_t kMaxDataSymbols = 200;
inline constexpr std::size_t kMaxParitySymbols = 55;
static_assert(kMaxDataSymbols + kMaxParitySymbols <= 255, "a codeword must fit GF(2^8)");

// A shipment's manifest is parsed in memory: 64 MiB is a Debian suite of 60 000 packages five times
// over.
inline constexpr std::uint64_t kMaxManifestBytes = std::uint64_t{64} << 20;
inline constexpr std::size_t kMaxBlobsPerShipment = 500'000;
inline constexpr std::size_t kMaxRecordsPerShipment = 500'000;
inline constexpr std::uint64_t kMaxBlobBytes = std::uint64_t{4} << 40;
inline constexpr std::size_t kMaxDocumentNameBytes = 2048;

// Blobs up to this size are values of the index, so that thousands become durable in one group
// commit.
inline constexpr std::size_t kInlineBlobBytes = std::size_t{64} << 10;
static_assert(kInlineBlobBytes <= kMaxBlockBytes);

}  // namespace sluice::limits
