// Systematic Cauchy Reed-Solomon over GF(2^8) for a whole block, through ISA-L. A block of
// `block_bytes` is cut into N data symbols of `symbol_bytes` (the last padded with zeros) that are
// dealt to C codewords in turn: data symbol n belongs to codeword n mod C, so that a burst on the
// link is spread over all of them. Symbols are numbered as they are sent: 0 … N-1 data, then N +
// p*C + c is parity p of codeword c.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/error.h"

namespace sluice::fec {

// How a block is cut. Every field travels in each symbol's header, so a receiver needs no other;
// validate() is called before anything is allocated.
struct Geometry {
  std::uint32_t block_bytes = 0;
  std::uint16_t symbol_bytes = 0;
  std::uint8_t max_data = 0;  // data symbols in a codeword at the most
  std::uint8_t parity = 0;    // parity symbols in each codeword; may be 0

  // Whether all fields are inside limits.h, and block_bytes > 0.
  bool valid() const;
  std::uint32_t data_symbols() const;   // N
  std::uint32_t codewords() const;      // C = ceil(N / max_data)
  std::uint32_t total_symbols() const;  // N + parity * C
  // Data symbols of codeword c: codewords differ by at most one.
  std::uint32_t data_in_codeword(std::uint32_t codeword) const;

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

// Collects one block's symbols and recovers what is missing. Cost follows the losses: only the e ×
// e part of a codeword with e losses is inverted. Memory: (block + parity of the symbols that
// arrived), allocated once for a geometry that was validated. One thread. reset() makes it usable
// for another block.
class Decoder {
 public:
  Decoder();
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  // The geometry must be valid().
  void reset(const Geometry& geometry);
  const Geometry& geometry() const;

  enum class Added { kNew, kDuplicate, kNotNeeded };
  // `ordinal` < total_symbols() and symbol.size() == symbol_bytes, else it aborts: the caller has
  // checked both against the header.
  Added add(std::uint32_t ordinal, ByteView symbol);
  // Every codeword has as many symbols as it has data symbols.
  bool complete() const;
  std::uint32_t symbols_received() const;

  struct Block {
    ByteView bytes;               // block_bytes of them; valid until reset()
    std::uint32_t recovered = 0;  // data symbols that had been lost
  };
  // Only when complete().
  Block finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::fec
