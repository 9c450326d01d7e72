#include "common/base/bytes.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(ByteReader, ReadsWhatByteWriterWrote) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.u8(0x12);
  writer.u16(0x3456);
  writer.u32(0x789abcde);
  writer.u64(0x0123456789abcdef);
  writer.bytes(as_bytes("xy"));
  ASSERT_EQ(bytes.size(), 17U);
  EXPECT_EQ(bytes[1], 0x56);  // little-endian

  ByteReader reader(bytes);
  EXPECT_EQ(reader.u8(), 0x12);
  EXPECT_EQ(reader.u16(), 0x3456);
  EXPECT_EQ(reader.u32(), 0x789abcdeU);
  EXPECT_EQ(reader.u64(), 0x0123456789abcdefULL);
  EXPECT_EQ(as_text(reader.bytes(2)), "xy");
  EXPECT_TRUE(reader.at_end());
}

TEST(ByteReader, StaysUnusableAfterReadingPastTheEnd) {
  const Bytes bytes{1, 2, 3};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u32(), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0);  // although a byte is there
  EXPECT_TRUE(reader.remaining().empty());
  EXPECT_FALSE(reader.at_end());
}

TEST(ByteReader, DoesNotOverflowOnHugeLengths) {
  const Bytes bytes{1, 2, 3};
  ByteReader reader(bytes);
  reader.u8();
  EXPECT_TRUE(reader.bytes(SIZE_MAX).empty());
  EXPECT_FALSE(reader.ok());
}

}  // namespace
}  // namespace sluice
