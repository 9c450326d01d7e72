#include "common/fec/recovery.h"

#include <isa-l/erasure_code.h>

#include <algorithm>

#include "common/base/error.h"
#include "common/fec/prefetch.h"

namespace sluice::fec {

void Recovery::begin(std::uint32_t data, std::uint32_t parity, std::size_t symbol_bytes) {
  data_ = data;
  parity_ = parity;
  symbol_bytes_ = symbol_bytes;
  kept_columns_.clear();
  kept_.clear();
  lost_columns_.clear();
  lost_.clear();
  rows_.clear();
  terms_.clear();
}

void Recovery::add_data(std::uint32_t column, std::uint8_t* place, bool kept) {
  (kept ? kept_columns_ : lost_columns_).push_back(column);
  (kept ? kept_ : lost_).push_back(place);
  if (kept) {
    prefetch({place, symbol_bytes_});
  }
}

void Recovery::add_parity(std::uint32_t row, ByteView symbol) {
  rows_.push_back(row);
  // ISA-L takes its sources as mutable and does not write to them.
  terms_.push_back(const_cast<std::uint8_t*>(symbol.data()));
}

void Recovery::run() {
  SLUICE_ASSERT(rows_.size() == lost_.size());
  if (lost_.empty()) {
    return;
  }
  add_up_kept_data();
  solve();
}

void Recovery::add_up_kept_data() {
  sums_.resize(lost_.size() * symbol_bytes_);
  std::vector<std::uint8_t*> sums(lost_.size());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    sums[i] = sums_.data() + i * symbol_bytes_;
  }
  if (kept_.empty()) {
    std::ranges::fill(sums_, 0);
  } else {
    const std::uint8_t* whole = encoder_tables_.of(data_, parity_);
    tables_.clear();
    for (const std::uint32_t row : rows_) {
      for (const std::uint32_t column : kept_columns_) {
        const std::uint8_t* table = whole + (std::size_t{row} * data_ + column) * kTableBytes;
        tables_.insert(tables_.end(), table, table + kTableBytes);
      }
    }
    ec_encode_data(static_cast<int>(symbol_bytes_), static_cast<int>(kept_.size()),
                   static_cast<int>(lost_.size()), tables_.data(), kept_.data(), sums.data());
  }
  terms_.insert(terms_.begin(), sums.begin(), sums.end());
}

void Recovery::solve() {
  const std::size_t count = lost_.size();
  Bytes matrix(count * count);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < count; ++j) {
      matrix[i * count + j] = coefficient(data_, rows_[i], lost_columns_[j]);
    }
  }
  Bytes inverse(count * count);
  SLUICE_ASSERT(gf_invert_matrix(matrix.data(), inverse.data(), static_cast<int>(count)) == 0);
  // Sum and parity of an equation stand on the same side: each term pair has the same factor.
  Bytes factors;
  for (std::size_t i = 0; i < count; ++i) {
    const ByteView row = ByteView(inverse).subspan(i * count, count);
    factors.insert(factors.end(), row.begin(), row.end());
    factors.insert(factors.end(), row.begin(), row.end());
  }
  tables_.resize(factors.size() * kTableBytes);
  ec_init_tables(static_cast<int>(2 * count), static_cast<int>(count), factors.data(),
                 tables_.data());
  ec_encode_data(static_cast<int>(symbol_bytes_), static_cast<int>(2 * count),
                 static_cast<int>(count), tables_.data(), terms_.data(), lost_.data());
}

}  // namespace sluice::fec
