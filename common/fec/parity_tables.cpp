#include "common/fec/parity_tables.h"

#include <isa-l/erasure_code.h>

namespace sluice::fec {

std::uint8_t coefficient(std::uint32_t data, std::uint32_t row, std::uint32_t column) {
  return gf_inv(static_cast<std::uint8_t>((data + row) ^ column));
}

std::uint8_t* ParityTables::of(std::uint32_t data, std::uint32_t parity) {
  Entry& entry = entries_[data % 2];
  if (entry.data != data || entry.parity != parity) {
    Bytes matrix(std::size_t{data} * parity);
    for (std::uint32_t row = 0; row < parity; ++row) {
      for (std::uint32_t column = 0; column < data; ++column) {
        matrix[row * data + column] = coefficient(data, row, column);
      }
    }
    entry.tables.resize(matrix.size() * kTableBytes);
    ec_init_tables(static_cast<int>(data), static_cast<int>(parity), matrix.data(),
                   entry.tables.data());
    entry.data = data;
    entry.parity = parity;
  }
  return entry.tables.data();
}

}  // namespace sluice::fec
