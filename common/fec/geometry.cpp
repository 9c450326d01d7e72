#include "common/base/limits.h"
#include "common/fec/block_code.h"

namespace sluice::fec {
namespace {

static_assert(limits::kMaxBlockBytes / 100 * 3 / 2 <= kMaxSymbolsPerBlock,
              "the largest block in symbols of 100 bytes with half as many of parity");

// What a decoder keeps of a symbol beside its bytes: whether it was seen; of parity also where it
// belongs, in lists that grow by doubling, and the allocator's own.
constexpr std::size_t kBytesBesideSymbol = 1;
constexpr std::size_t kBytesBesideParity = 128;

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

std::uint32_t Geometry::sent_at(std::uint32_t place) const {
  const std::uint32_t data = data_symbols();
  if (place < data) {
    return place;
  }
  const std::uint32_t count = codewords();
  const std::uint32_t parities = place - data;
  return data + parities / count * count + (data + parities) % count;
}

std::size_t Geometry::decoder_bytes() const {
  const std::size_t total = total_symbols();
  const std::size_t parities = std::size_t{parity} * codewords();
  return total * (symbol_bytes + kBytesBesideSymbol) + parities * kBytesBesideParity + codewords();
}

}  // namespace sluice::fec
