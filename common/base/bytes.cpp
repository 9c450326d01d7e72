#include "common/base/bytes.h"

namespace sluice {

ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::uint64_t ByteReader::little_endian(std::size_t width) {
  const ByteView field = bytes(width);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < field.size(); ++i) {
    value |= static_cast<std::uint64_t>(field[i]) << (8 * i);
  }
  return value;
}

std::uint8_t ByteReader::u8() { return static_cast<std::uint8_t>(little_endian(1)); }
std::uint16_t ByteReader::u16() { return static_cast<std::uint16_t>(little_endian(2)); }
std::uint32_t ByteReader::u32() { return static_cast<std::uint32_t>(little_endian(4)); }
std::uint64_t ByteReader::u64() { return little_endian(8); }

ByteView ByteReader::bytes(std::size_t count) {
  if (!ok_ || count > rest_.size()) {
    ok_ = false;
    return {};
  }
  const ByteView taken = rest_.first(count);
  rest_ = rest_.subspan(count);
  return taken;
}

ByteView ByteReader::remaining() { return bytes(ok_ ? rest_.size() : 0); }

void ByteWriter::little_endian(std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) {
    out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
}

void ByteWriter::u8(std::uint8_t value) { little_endian(value, 1); }
void ByteWriter::u16(std::uint16_t value) { little_endian(value, 2); }
void ByteWriter::u32(std::uint32_t value) { little_endian(value, 4); }
void ByteWriter::u64(std::uint64_t value) { little_endian(value, 8); }
void ByteWriter::bytes(ByteView value) { out_.insert(out_.end(), value.begin(), value.end()); }

}  // namespace sluice
