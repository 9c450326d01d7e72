#include "common/wire/message_scan.h"

#include <gtest/gtest.h>

#include "sluice/shipment.pb.h"

namespace sluice::wire {
namespace {

// All fields' numbers; nothing if the message cannot be walked to its end.
std::optional<std::vector<std::uint32_t>> numbers(ByteView message) {
  MessageScanner scanner(message);
  std::vector<std::uint32_t> found;
  while (const auto field = scanner.next()) {
    found.push_back(field->number);
  }
  return scanner.ok() ? std::optional(found) : std::nullopt;
}

TEST(MessageScanner, WalksWhatProtobufWrote) {
  proto::Shipment shipment;
  shipment.set_stream("lab");
  shipment.set_sequence(UINT64_MAX);
  shipment.add_blobs()->set_size(300);
  shipment.add_blobs()->set_name("x");
  const std::string text = shipment.SerializeAsString();
  EXPECT_EQ(numbers(as_bytes(text)), (std::vector<std::uint32_t>{1, 2, 6, 6}));
  MessageScanner scanner(as_bytes(text));
  const auto first = scanner.next();
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->is_message);
  EXPECT_EQ(as_text(first->bytes), "lab");
}

TEST(MessageScanner, KnowsEveryWireType) {
  // 1: varint 5; 2: eight bytes; 3: "ab"; 5: four bytes; 536870911: varint.
  const Bytes message{0x08, 5,   0x11, 1, 2, 3, 4, 5,    6,    7,    8,    0x1A, 2,
                      'a',  'b', 0x2D, 1, 2, 3, 4, 0xF8, 0xFF, 0xFF, 0xFF, 0x0F, 0};
  EXPECT_EQ(numbers(message), (std::vector<std::uint32_t>{1, 2, 3, 5, 536870911}));
}

TEST(MessageScanner, RefusesWhatIsNoField) {
  for (const Bytes& bad : {Bytes{0x08},                       // no value
                           Bytes{0x80},                       // tag without end
                           Bytes{0x00, 1},                    // field number 0
                           Bytes{0x1A, 3, 'a', 'b'},          // longer than the message
                           Bytes{0x11, 1, 2, 3, 4, 5, 6, 7},  // seven of eight bytes
                           Bytes{0x2D, 1, 2, 3},              // three of four bytes
                           Bytes{0x0B, 0x0C},                 // a group
                           Bytes{0x0F, 1},                    // wire type 7
                           Bytes(11, 0xFF)}) {                // varint of more than ten bytes
    EXPECT_EQ(numbers(bad), std::nullopt);
  }
  Bytes huge{0x1A};
  huge.insert(huge.end(), 9, 0xFF);
  huge.push_back(0x01);  // a length of 2^64 - 1
  EXPECT_EQ(numbers(huge), std::nullopt);
  EXPECT_EQ(numbers({}), (std::vector<std::uint32_t>{}));
}

// `count` messages without fields, and around them `levels` more.
Bytes nested(std::size_t count, int levels) {
  Bytes inner;
  for (std::size_t i = 0; i < count; ++i) {
    inner.insert(inner.end(), {0x0A, 0});
  }
  for (; levels > 0; --levels) {
    Bytes outer{0x0A, static_cast<std::uint8_t>(inner.size())};
    outer.insert(outer.end(), inner.begin(), inner.end());
    inner = std::move(outer);
  }
  return inner;
}

TEST(HasAtMost, CountsDownToItsDepth) {
  EXPECT_TRUE(has_at_most({}, 0, 1));
  for (const int levels : {0, 1, 2, 3}) {
    const Bytes message = nested(10, levels);
    const std::size_t all = 10 + static_cast<std::size_t>(levels);
    EXPECT_TRUE(has_at_most(message, all, 4)) << levels;
    EXPECT_FALSE(has_at_most(message, all - 1, 4)) << levels;
  }
  EXPECT_TRUE(has_at_most(nested(10, 4), 4, 4));
}

TEST(HasAtMost, LooksBehindGroupsAndTexts) {
  // A group in which a field stands, then twenty fields.
  Bytes message{0x0B, 0x08, 1, 0x0C};
  const Bytes rest = nested(20, 0);
  message.insert(message.end(), rest.begin(), rest.end());
  EXPECT_TRUE(has_at_most(message, 23, 4));
  EXPECT_FALSE(has_at_most(message, 22, 4));
  // Behind what is no field a parser builds nothing.
  Bytes broken{0x0C};
  broken.insert(broken.end(), rest.begin(), rest.end());
  EXPECT_TRUE(has_at_most(broken, 0, 4));
}

}  // namespace
}  // namespace sluice::wire
