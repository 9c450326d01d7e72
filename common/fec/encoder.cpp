#include <isa-l/erasure_code.h>

#include <array>

#include "common/base/limits.h"
#include "common/fec/block_code.h"
#include "common/fec/parity_tables.h"
#include "common/fec/prefetch.h"

namespace sluice::fec {

struct Encoder::Tables {
  ParityTables parity;
};

Encoder::Encoder() : tables_(std::make_unique<Tables>()) {}
Encoder::~Encoder() = default;

void Encoder::encode(const Geometry& geometry, ByteView data, MutableByteView parity) {
  SLUICE_ASSERT(geometry.valid());
  const std::size_t symbol = geometry.symbol_bytes;
  const std::uint32_t codewords = geometry.codewords();
  SLUICE_ASSERT(data.size() == geometry.data_symbols() * symbol);
  SLUICE_ASSERT(parity.size() == symbol * geometry.parity * codewords);
  if (geometry.parity == 0) {
    return;
  }
  std::array<std::uint8_t*, limits::kMaxDataSymbols> sources{};
  std::array<std::uint8_t*, limits::kMaxParitySymbols> targets{};
  for (std::uint32_t c = 0; c < codewords; ++c) {
    const std::uint32_t count = geometry.data_in_codeword(c);
    for (std::uint32_t j = 0; j < count; ++j) {
      const ByteView source = data.subspan((c + std::size_t{j} * codewords) * symbol, symbol);
      prefetch(source);
      // ISA-L takes its sources as mutable and does not write to them.
      sources[j] = const_cast<std::uint8_t*>(source.data());
    }
    for (std::uint32_t p = 0; p < geometry.parity; ++p) {
      targets[p] = parity.data() + (c + std::size_t{p} * codewords) * symbol;
    }
    ec_encode_data(static_cast<int>(symbol), static_cast<int>(count), geometry.parity,
                   tables_->parity.of(count, geometry.parity), sources.data(), targets.data());
  }
}

}  // namespace sluice::fec
