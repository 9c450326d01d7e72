#include "common/base/lru.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr std::size_t kBeside = kLruEntryBytes + 2;  // of an entry with a key of one byte

TEST(Lru, LetsGoOfWhatWasUsedLongestAgo) {
  Lru<int> lru(3 * (kBeside + 10));
  lru.put("a", 1, 10);
  lru.put("b", 2, 10);
  lru.put("c", 3, 10);
  EXPECT_EQ(lru.bytes(), 3 * (kBeside + 10));
  ASSERT_NE(lru.find("a"), nullptr);
  lru.put("d", 4, 10);
  EXPECT_EQ(lru.find("b"), nullptr);
  EXPECT_EQ(*lru.find("a"), 1);
  EXPECT_EQ(*lru.find("c"), 3);
  EXPECT_EQ(*lru.find("d"), 4);
  lru.put("e", 5, 2 * kBeside + 30);  // takes the room of three
  EXPECT_EQ(lru.find("a"), nullptr);
  EXPECT_EQ(lru.find("d"), nullptr);
  EXPECT_EQ(*lru.find("e"), 5);
}

TEST(Lru, AKeyHasOneValue) {
  Lru<int> lru(1000);
  lru.put("a", 1, 100);
  lru.put("a", 2, 10);
  EXPECT_EQ(*lru.find("a"), 2);
  EXPECT_EQ(lru.bytes(), kBeside + 10);
}

TEST(Lru, WhatHasNoRoomAloneIsNotKept) {
  Lru<int> lru(1000);
  lru.put("a", 1, 10);
  lru.put("b", 2, 1000);
  EXPECT_EQ(lru.find("b"), nullptr);
  EXPECT_EQ(*lru.find("a"), 1);
  lru.put("a", 3, 1000);  // what it had is not what it has now
  EXPECT_EQ(lru.find("a"), nullptr);
  EXPECT_EQ(lru.bytes(), 0U);
  Lru<int> none(0);
  none.put("a", 1, 0);
  EXPECT_EQ(none.find("a"), nullptr);
}

}  // namespace
}  // namespace sluice
