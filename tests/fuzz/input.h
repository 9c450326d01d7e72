// Takes the bytes of a fuzzer apart into choices, numbers and pieces.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/error.h"

// libFuzzer's entry, which every target defines. A property that does not hold is a SLUICE_ASSERT,
// which ends the program.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace sluice::fuzz {

// Never fails: behind the end everything is zero or empty, so that each prefix of an input is an
// input too.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : reader_(ByteView(data, size)) {}

  std::uint8_t u8() { return reader_.u8(); }
  std::uint16_t u16() { return reader_.u16(); }
  std::uint32_t u32() { return reader_.u32(); }
  std::uint64_t u64() { return reader_.u64(); }
  std::int64_t i64() { return static_cast<std::int64_t>(reader_.u64()); }
  bool flag() { return (u8() & 1) != 0; }
  // 0 … count - 1, for at most 256 of them.
  std::size_t choice(std::size_t count) { return u8() % count; }

  // A piece with its length before it, as far as there is one.
  ByteView piece() {
    const std::size_t length = u16();
    const ByteView rest = ByteReader(reader_).remaining();
    return reader_.bytes(std::min(length, rest.size()));
  }
  std::string text() { return std::string(as_text(piece())); }
  ByteView rest() { return reader_.remaining(); }
  std::string_view rest_text() { return as_text(rest()); }
  bool empty() const { return !reader_.ok() || reader_.at_end(); }

 private:
  ByteReader reader_;
};

}  // namespace sluice::fuzz
