// Byte views and the one bounds-checked reader and writer through which all bytes from outside are
// taken apart.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace sluice {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using MutableByteView = std::span<std::uint8_t>;

// The same memory seen as bytes or as characters; lives as long as what it was made from.
ByteView as_bytes(std::string_view text);
std::string_view as_text(ByteView bytes);

// Reads little-endian fields from `bytes`, which must outlive the reader. After the first read past
// the end the reader has failed: every later read yields zero or an empty view, and ok() stays
// false, so that a caller checks once at the end.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : rest_(bytes) {}

  std::uint8_t u8();
  std::uint16_t u16();
  std::uint32_t u32();
  std::uint64_t u64();
  ByteView bytes(std::size_t count);
  ByteView remaining();  // everything not read yet; empty after a failure

  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && rest_.empty(); }

 private:
  std::uint64_t little_endian(std::size_t width);

  ByteView rest_;
  bool ok_ = true;
};

// Appends little-endian fields to `out`, which must outlive the writer.
class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}

  void u8(std::uint8_t value);
  void u16(std::uint16_t value);
  void u32(std::uint32_t value);
  void u64(std::uint64_t value);
  void bytes(ByteView value);

 private:
  void little_endian(std::uint64_t value, std::size_t width);

  Bytes& out_;
};

}  // namespace sluice
