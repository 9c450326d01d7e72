#include "common/base/limits.h"
#include "common/fec/block_code.h"

namespace sluice::fec {
namespace {

static_assert(limits::kMaxBlockBytes / 100 * 3 / 2 <= kMaxSymbolsPerBlock,
              "the largest block in symbols of 100 bytes with half as many of parity");

std::uint64_t ceil_div(std::uint64_t value, std::uint64_t by) { return (value + by - 1) / by; }

}  // namespace

bool Geometry::valid() const {
  if (block_bytes == 0 || block_bytes > limits::kMaxBlockBytes || symbol_bytes == 0 ||
      symbol_bytes > limits::kMaxDatagramBytes || max_data == 0 ||
      max_data > limits::kMaxDataSymbols || parity > limits::kMaxParitySymbols) {
    return false;
  }
  // At most 2^24 × 56: no overflow.
  const std::uint64_t data = ceil_div(block_bytes, symbol_bytes);
  return data + parity * ceil_div(data, max_data) <= kMaxSymbolsPerBlock;
}

std::uint32_t Geometry::data_symbols() const {
  return static_cast<std::uint32_t>(ceil_div(block_bytes, symbol_bytes));
}

std::uint32_t Geometry::codewords() const {
  return static_cast<std::uint32_t>(ceil_div(data_symbols(), max_data));
}

std::uint32_t Geometry::total_symbols() const { return data_symbols() + parity * codewords(); }

std::uint32_t Geometry::data_in_codeword(std::uint32_t codeword) const {
  const std::uint32_t count = codewords();
  return data_symbols() / count + (codeword < data_symbols() % count ? 1 : 0);
}

}  // namespace sluice::fec
