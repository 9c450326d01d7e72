// Brings back the lost data symbols of one codeword.
#pragma once

#include <cstdint>
#include <vector>

#include "common/base/bytes.h"
#include "common/fec/parity_tables.h"

namespace sluice::fec {

// With e data symbols lost and e parity symbols at hand, in two steps: what the kept data adds to
// each of the parity symbols (e × kept products, by the encoder's own tables), then the solution of
// e equations in e unknowns (2e × e products, by the inverse of an e × e matrix).
class Recovery {
 public:
  void begin(std::uint32_t data, std::uint32_t parity, std::size_t symbol_bytes);
  // For each column in turn; a lost one is written to `place` by run().
  void add_data(std::uint32_t column, std::uint8_t* place, bool kept);
  std::uint32_t lost() const { return static_cast<std::uint32_t>(lost_columns_.size()); }
  // As many as were lost. `symbol` must live until run() is done.
  void add_parity(std::uint32_t row, ByteView symbol);
  void run();

 private:
  void add_up_kept_data();
  void solve();

  ParityTables encoder_tables_;
  std::uint32_t data_ = 0;
  std::uint32_t parity_ = 0;
  std::size_t symbol_bytes_ = 0;
  std::vector<std::uint32_t> kept_columns_;
  std::vector<std::uint8_t*> kept_;
  std::vector<std::uint32_t> lost_columns_;
  std::vector<std::uint8_t*> lost_;
  std::vector<std::uint32_t> rows_;
  std::vector<std::uint8_t*> terms_;  // of the second step: sums of kept data, then parity
  Bytes sums_;
  Bytes tables_;
};

}  // namespace sluice::fec
