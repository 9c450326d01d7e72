// The code's coefficients, in the form that ISA-L multiplies with.
#pragma once

#include <array>
#include <cstdint>

#include "common/base/bytes.h"

namespace sluice::fec {

// Bytes of one coefficient's multiplication table in ISA-L.
inline constexpr std::size_t kTableBytes = 32;

// The coefficient of data symbol `column` in parity `row` of a codeword of `data` data symbols: the
// inverse of (data + row) xor column in GF(2^8) with the polynomial 0x11d. Every square part of
// such a matrix can be inverted (Cauchy), so any `data` symbols of a codeword are enough.
std::uint8_t coefficient(std::uint32_t data, std::uint32_t row, std::uint32_t column);

// Tables of whole parity matrices. A block's codewords have k or k - 1 data symbols, so that two
// are in use at a time; they are kept until others take their places.
class ParityTables {
 public:
  // Tables of (row, column) at (row × data + column) × kTableBytes; valid until the next call with
  // other arguments whose `data` has the same lowest bit.
  std::uint8_t* of(std::uint32_t data, std::uint32_t parity);

 private:
  struct Entry {
    std::uint32_t data = 0;
    std::uint32_t parity = 0;
    Bytes tables;
  };
  std::array<Entry, 2> entries_;  // k and k - 1 differ in their lowest bit
};

}  // namespace sluice::fec
