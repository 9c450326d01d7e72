#include "highside/receive/datagram_ring.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>

namespace sluice::high {
namespace {

TEST(DatagramRing, FillsUpAndGoesRound) {
  DatagramRing ring(4 * 100, 100);
  ASSERT_EQ(ring.slots(), 4U);
  EXPECT_EQ(ring.room().size(), 4U);
  EXPECT_TRUE(ring.filled(10).empty());
  ring.publish(3);
  EXPECT_EQ(ring.room().size(), 1U);
  EXPECT_EQ(ring.filled(2).size(), 2U);
  ring.release(2);
  EXPECT_EQ(ring.room().size(), 1U);  // up to the end of the memory
  ring.publish(1);
  EXPECT_EQ(ring.room().size(), 2U);
  ring.publish(2);
  EXPECT_TRUE(ring.room().empty());
  EXPECT_EQ(ring.used(), 4U);
}

TEST(DatagramRing, BeginsAgainWhenItIsEmpty) {
  DatagramRing ring(4 * 100, 100);
  const auto* const first = ring.room().data();
  for (int turn = 0; turn < 5; ++turn) {
    EXPECT_EQ(ring.room().data(), first);
    EXPECT_EQ(ring.room().size(), 4U);
    ring.publish(3);
    EXPECT_EQ(ring.filled(3).data(), first);
    ring.release(1);
    EXPECT_EQ(ring.room().data(), first + 3);
    ring.release(2);
    EXPECT_TRUE(ring.filled(3).empty());
  }
}

// What was emptied between room() and publish() does not move what has been written.
TEST(DatagramRing, IsEmptiedWhileItIsFilled) {
  DatagramRing ring(4 * 100, 100);
  ring.room();
  ring.publish(2);
  const auto room = ring.room();
  ring.release(2);
  ring.publish(1);
  EXPECT_EQ(ring.filled(1).data(), room.data());
}

TEST(DatagramRing, EveryDatagramCrossesInOrder) {
  constexpr std::uint64_t kCount = 200'000;
  DatagramRing ring(64 * 64, 64);
  std::thread producer([&ring] {
    for (std::uint64_t next = 0; next < kCount;) {
      const auto room = ring.room();
      std::size_t filled = 0;
      for (; filled < room.size() && next < kCount; ++filled, ++next) {
        std::memcpy(room[filled].memory.data(), &next, sizeof next);
        room[filled].bytes = sizeof next;
      }
      ring.publish(filled);
      if (filled == 0) {
        std::this_thread::yield();
      }
    }
  });
  std::uint64_t expected = 0;
  std::uint64_t wrong = 0;
  while (expected < kCount) {
    const auto slots = ring.filled(7);
    for (const auto& slot : slots) {
      std::uint64_t value = 0;
      std::memcpy(&value, slot.memory.data(), sizeof value);
      wrong += value != expected++ ? 1 : 0;
    }
    ring.release(slots.size());
    if (slots.empty()) {
      std::this_thread::yield();
    }
  }
  producer.join();
  EXPECT_EQ(wrong, 0U);
}

}  // namespace
}  // namespace sluice::high
