// Systematic Cauchy Reed-Solomon over GF(2^8) for a whole block, through ISA-L. A block of
// `block_bytes` is cut into N data symbols of `symbol_bytes` (the last padded with zeros) that are
// dealt to C codewords in turn: data symbol n belongs to codeword n mod C, so that a burst on the
// link is spread over all of them. Symbols are numbered 0 … N-1 data, then N + p*C + c parity p of
// codeword c.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/error.h"

namespace sluice::fec {

// Symbols of a block at the most: 16 MiB in symbols of 100 bytes with half as many of parity. It
// bounds what a receiver keeps besides the symbols themselves, some 10 bytes for each at the most.
inline constexpr std::uint32_t kMaxSymbolsPerBlock = 1U << 18;

// How a block is cut. Every field travels in each symbol's header, so a receiver needs no other;
// validate() is called before anything is allocated.
struct Geometry {
  std::uint32_t block_bytes = 0;
  std::uint16_t symbol_bytes = 0;
  std::uint8_t max_data = 0;  // data symbols in a codeword at the most
  std::uint8_t parity = 0;    // parity symbols in each codeword; may be 0

  // Whether all fields are inside limits.h, block_bytes > 0, and total_symbols() ≤
  // kMaxSymbolsPerBlock. The other members may be called on valid ones only.
  bool valid() const;
  std::uint32_t data_symbols() const;   // N
  std::uint32_t codewords() const;      // C = ceil(N / max_data)
  std::uint32_t total_symbols() const;  // N + parity * C
  // Data symbols of codeword c: codewords differ by at most one.
  std::uint32_t data_in_codeword(std::uint32_t codeword) const;
  // The symbol that is sent at this place, 0 … total_symbols() - 1: data in order, then parity, so
  // that the codewords come in turn from first to last. Of any n symbols sent one after another a
  // codeword has ceil(n / C) at the most.
  std::uint32_t sent_at(std::uint32_t place) const;
  // Memory of a Decoder that collects such a block, at the most.
  std::size_t decoder_bytes() const;

  bool operator==(const Geometry&) const = default;
};

// Computes parity. Keeps tables between calls; one thread.
class Encoder {
 public:
  Encoder();
  ~Encoder();
  // `data` holds data_symbols() × symbol_bytes (padded by the caller); fills `parity` of parity ×
  // codewords() × symbol_bytes in the order of sending.
  void encode(const Geometry& geometry, ByteView data, MutableByteView parity);

 private:
  struct Tables;
  std::unique_ptr<Tables> tables_;
};

// Collects one block's symbols and recovers what is missing. Data symbols are kept at their final
// place, so that a block without loss is copied once, by add(). Cost follows the losses: only the
// e × e part of a codeword with e losses is inverted. Memory: the block, and parity that arrives
// while its codeword needs it, together less than two blocks. One thread. reset() makes it usable
// for another block and keeps the memory.
class Decoder {
 public:
  Decoder();
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  // The geometry must be valid(). `memory` is used for the block's bytes, whatever it holds, if
  // it is as large as they need: what an earlier release() gave, for instance.
  void reset(const Geometry& geometry, Bytes memory = {});
  const Geometry& geometry() const;

  // Where a data symbol that has not come yet will lie: whoever makes its bytes may write them
  // there and then add() them, at the same address, without a copy. Until then they mean nothing.
  // Empty for data that has come, and for parity. `ordinal` < total_symbols().
  MutableByteView place(std::uint32_t ordinal);

  // kNotNeeded: parity of a codeword that has enough symbols. Data is taken whenever it is new:
  // that costs less than to compute it.
  enum class Added { kNew, kDuplicate, kNotNeeded };
  // `ordinal` < total_symbols() and symbol.size() == symbol_bytes, else it aborts: the caller has
  // checked both against the header.
  Added add(std::uint32_t ordinal, ByteView symbol);
  // Every codeword has as many symbols as it has data symbols.
  bool complete() const;
  std::uint32_t symbols_received() const;  // those that were kNew

  struct Block {
    ByteView bytes;               // block_bytes of them; valid until reset()
    std::uint32_t recovered = 0;  // data symbols that had been lost
  };
  // Only when complete().
  Block finish();
  // Memory that it has in use or keeps for the next block.
  std::size_t kept_bytes() const;
  // After finish(): the block's bytes themselves, without a copy; their memory may be given to
  // reset() again. Then only reset() is allowed.
  Bytes release();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::fec
