#include <algorithm>
#include <cstring>

#include "common/fec/block_code.h"
#include "common/fec/recovery.h"

namespace sluice::fec {
namespace {

struct StoredParity {
  std::uint32_t codeword;
  std::uint32_t row;
  Bytes symbol;
};

}  // namespace

struct Decoder::State {
  Geometry geometry;
  std::uint16_t symbol_bytes = 0;  // of this block and of those before it
  std::uint8_t parity_rows = 0;
  std::uint32_t codewords = 0;
  std::uint32_t data_symbols = 0;

  Bytes data;                          // every data symbol at its final place
  std::vector<bool> seen;              // by ordinal
  std::vector<std::uint8_t> received;  // data and parity, for each codeword
  std::vector<StoredParity> parity;
  std::vector<Bytes> spare;  // memory of earlier parity

  std::uint32_t symbols = 0;
  std::uint32_t missing_data = 0;
  std::uint32_t open_codewords = 0;  // those with fewer symbols than data symbols
  Recovery recovery;

  void keep_parity(std::uint32_t codeword, std::uint32_t row, ByteView symbol);
  void take(std::uint32_t ordinal, std::uint32_t codeword);
  void recover(std::span<const StoredParity> parities);
};

void Decoder::State::keep_parity(std::uint32_t codeword, std::uint32_t row, ByteView symbol) {
  Bytes memory;
  if (!spare.empty()) {
    memory = std::move(spare.back());
    spare.pop_back();
  }
  memory.assign(symbol.begin(), symbol.end());
  parity.push_back({codeword, row, std::move(memory)});
}

void Decoder::State::take(std::uint32_t ordinal, std::uint32_t codeword) {
  seen[ordinal] = true;
  ++symbols;
  ++received[codeword];
  if (received[codeword] == geometry.data_in_codeword(codeword)) {
    --open_codewords;
  }
}

// Brings back what one codeword lost. `parities` are all its parity symbols that were kept.
void Decoder::State::recover(std::span<const StoredParity> parities) {
  const std::uint32_t codeword = parities.front().codeword;
  const std::uint32_t count = geometry.data_in_codeword(codeword);
  recovery.begin(count, geometry.parity, geometry.symbol_bytes);
  for (std::uint32_t j = 0; j < count; ++j) {
    const std::uint32_t ordinal = codeword + j * codewords;
    std::uint8_t* place = data.data() + std::size_t{ordinal} * geometry.symbol_bytes;
    recovery.add_data(j, place, seen[ordinal]);
  }
  // Data that came late can leave more parity than is needed.
  for (const StoredParity& stored : parities.first(recovery.lost())) {
    recovery.add_parity(stored.row, stored.symbol);
  }
  recovery.run();
}

Decoder::Decoder() : state_(std::make_unique<State>()) {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

void Decoder::reset(const Geometry& geometry, Bytes memory) {
  SLUICE_ASSERT(geometry.valid());
  // Memory is for blocks of the same shape: that of others could be more than this one may have.
  if (state_->symbol_bytes != geometry.symbol_bytes || state_->parity_rows != geometry.parity ||
      state_->codewords != geometry.codewords()) {
    state_ = std::make_unique<State>();
  }
  State& s = *state_;
  for (StoredParity& stored : s.parity) {
    s.spare.push_back(std::move(stored.symbol));
  }
  s.parity.clear();
  s.geometry = geometry;
  s.symbol_bytes = geometry.symbol_bytes;
  s.parity_rows = geometry.parity;
  s.codewords = geometry.codewords();
  s.data_symbols = geometry.data_symbols();
  const std::size_t data_bytes = std::size_t{s.data_symbols} * geometry.symbol_bytes;
  if (s.data.capacity() != data_bytes) {  // a vector that grows takes twice what is asked
    s.data = memory.capacity() == data_bytes ? std::move(memory) : Bytes();
  }
  s.data.resize(data_bytes);
  s.seen.assign(geometry.total_symbols(), false);
  s.received.assign(s.codewords, 0);
  s.symbols = 0;
  s.missing_data = s.data_symbols;
  s.open_codewords = s.codewords;
}

const Geometry& Decoder::geometry() const { return state_->geometry; }

MutableByteView Decoder::place(std::uint32_t ordinal) {
  State& s = *state_;
  SLUICE_ASSERT(ordinal < s.seen.size());
  const std::size_t bytes = s.geometry.symbol_bytes;
  return ordinal < s.data_symbols && !s.seen[ordinal]
             ? MutableByteView(s.data).subspan(ordinal * bytes, bytes)
             : MutableByteView();
}

Decoder::Added Decoder::add(std::uint32_t ordinal, ByteView symbol) {
  State& s = *state_;
  SLUICE_ASSERT(ordinal < s.seen.size() && symbol.size() == s.geometry.symbol_bytes);
  if (s.seen[ordinal]) {
    return Added::kDuplicate;
  }
  if (ordinal < s.data_symbols) {
    std::uint8_t* const place = s.data.data() + std::size_t{ordinal} * symbol.size();
    if (place != symbol.data()) {
      std::memcpy(place, symbol.data(), symbol.size());
    }
    --s.missing_data;
    s.take(ordinal, ordinal % s.codewords);
    return Added::kNew;
  }
  const std::uint32_t index = ordinal - s.data_symbols;
  const std::uint32_t codeword = index % s.codewords;
  if (s.received[codeword] >= s.geometry.data_in_codeword(codeword)) {
    return Added::kNotNeeded;
  }
  s.keep_parity(codeword, index / s.codewords, symbol);
  s.take(ordinal, codeword);
  return Added::kNew;
}

bool Decoder::complete() const { return state_->open_codewords == 0; }
std::uint32_t Decoder::symbols_received() const { return state_->symbols; }

std::size_t Decoder::kept_bytes() const {
  const State& s = *state_;
  std::size_t bytes = s.data.capacity() + s.seen.capacity() / 8 + s.received.capacity();
  for (const StoredParity& stored : s.parity) {
    bytes += stored.symbol.capacity();
  }
  for (const Bytes& symbol : s.spare) {
    bytes += symbol.capacity();
  }
  return bytes + s.parity.capacity() * sizeof(StoredParity) + s.spare.capacity() * sizeof(Bytes);
}

Decoder::Block Decoder::finish() {
  State& s = *state_;
  SLUICE_ASSERT(s.geometry.block_bytes != 0 && complete());
  const std::uint32_t recovered = s.missing_data;
  if (recovered != 0) {
    std::ranges::sort(s.parity, {}, &StoredParity::codeword);
    for (auto first = s.parity.begin(); first != s.parity.end();) {
      const auto last = std::find_if(first, s.parity.end(), [&](const StoredParity& stored) {
        return stored.codeword != first->codeword;
      });
      s.recover({first, last});
      first = last;
    }
    std::fill_n(s.seen.begin(), s.data_symbols, true);
    s.missing_data = 0;
  }
  return {ByteView(s.data).first(s.geometry.block_bytes), recovered};
}

Bytes Decoder::release() {
  State& s = *state_;
  SLUICE_ASSERT(s.geometry.block_bytes != 0 && complete() && s.missing_data == 0);
  Bytes block = std::move(s.data);
  block.resize(s.geometry.block_bytes);
  s.data = Bytes();
  s.geometry = Geometry();
  return block;
}

}  // namespace sluice::fec
