#include "common/crypto/datagram_cipher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "common/base/text.h"

namespace sluice::crypto {
namespace {

using Tag = std::array<std::uint8_t, kTagBytes>;

SessionKey fixed_key(std::uint8_t first = 0) {
  Bytes bytes(32);
  std::iota(bytes.begin(), bytes.end(), first);
  return SessionKey::from_bytes(bytes).value();
}

// One sealed datagram, for tests to damage.
struct Sealed {
  LaneId lane{3};
  std::uint64_t counter = 0;
  Bytes header{1, 2, 3, 4, 5, 6, 7, 8};
  Bytes text;
  Tag tag{};
};

Sealed seal_one(Sealer& sealer, std::size_t bytes = 100) {
  Sealed sealed;
  sealed.text.assign(bytes, 0xAA);
  Sealer::Ticket ticket = sealer.next();
  sealed.counter = ticket.counter();
  sealer.seal(std::move(ticket), sealed.header, MutableByteView(sealed.text), sealed.tag);
  return sealed;
}

bool opens(Opener& opener, Sealed sealed) {
  return opener.open(sealed.lane, sealed.counter, sealed.header, sealed.text, sealed.tag);
}

TEST(DatagramCipher, OpensWhatWasSealed) {
  Sealer sealer(fixed_key(), LaneId(3));
  Opener opener(fixed_key());
  for (const std::size_t bytes : {0U, 1U, 15U, 16U, 17U, 1412U, 8892U}) {
    Sealed sealed = seal_one(sealer, bytes);
    if (bytes > 0) {
      EXPECT_NE(sealed.text, Bytes(bytes, 0xAA));
    }
    ASSERT_TRUE(opener.open(sealed.lane, sealed.counter, sealed.header, sealed.text, sealed.tag));
    EXPECT_EQ(sealed.text, Bytes(bytes, 0xAA));
  }
}

TEST(DatagramCipher, SealsFromOneMemoryToAnother) {
  Sealer in_place(fixed_key(), LaneId(3));
  const Sealed expected = seal_one(in_place);
  Sealer apart(fixed_key(), LaneId(3));
  const Bytes text(100, 0xAA);
  Bytes out(100);
  Tag tag{};
  apart.seal(apart.next(), expected.header, text, out, tag);
  EXPECT_EQ(out, expected.text);
  EXPECT_EQ(tag, expected.tag);
  EXPECT_EQ(text, Bytes(100, 0xAA));
}

TEST(DatagramCipher, EveryFlippedBitIsNoticed) {
  Sealer sealer(fixed_key(), LaneId(3));
  Opener opener(fixed_key());
  const Sealed good = seal_one(sealer);
  const auto flip_each = [&](auto member, const char* name) {
    for (std::size_t bit = 0; bit < 8 * (good.*member).size(); ++bit) {
      Sealed bad = good;
      (bad.*member)[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
      EXPECT_FALSE(opens(opener, bad)) << name << " bit " << bit;
    }
  };
  flip_each(&Sealed::header, "header");
  flip_each(&Sealed::text, "text");
  flip_each(&Sealed::tag, "tag");
  EXPECT_TRUE(opens(opener, good));  // failures leave no trace
}

TEST(DatagramCipher, AnotherLaneCounterKeyOrLengthDoesNotOpen) {
  Sealer sealer(fixed_key(), LaneId(3));
  Opener opener(fixed_key());
  const Sealed good = seal_one(sealer);
  Sealed bad = good;
  bad.lane = LaneId(4);
  EXPECT_FALSE(opens(opener, bad));
  bad = good;
  ++bad.counter;
  EXPECT_FALSE(opens(opener, bad));
  bad = good;
  bad.text.pop_back();
  EXPECT_FALSE(opens(opener, bad));
  bad = good;
  bad.header.pop_back();
  EXPECT_FALSE(opens(opener, bad));
  Opener other(fixed_key(1));
  EXPECT_FALSE(opens(other, good));
}

TEST(DatagramCipher, NonceIsLaneThenCounterLittleEndian) {
  // The same text under two counters and two lanes: no two results may be alike.
  std::set<Bytes> results;
  for (const LaneId lane : {LaneId(0), LaneId(1), LaneId(15)}) {
    Sealer sealer(fixed_key(), lane);
    for (int i = 0; i < 100; ++i) {
      results.insert(seal_one(sealer).text);
    }
  }
  EXPECT_EQ(results.size(), 300U);
}

TEST(DatagramCipher, MatchesAnIndependentImplementation) {
  // Python's cryptography: AESGCM(bytes(range(32))).encrypt(nonce, b"\xaa" * 16, aad) with nonce =
  // struct.pack("<IQ", 3, 1) and aad = bytes(range(1, 9)).
  Sealer sealer(fixed_key(), LaneId(3));
  const Sealed sealed = seal_one(sealer, 16);
  EXPECT_EQ(sealed.counter, 1U);
  EXPECT_EQ(hex_encode(sealed.text), "9e55d5d259eec91665e2a4ec1713687a");
  EXPECT_EQ(hex_encode(sealed.tag), "2e47eb1e0279a8f4c6db5c644c029db7");
}

TEST(Sealer, CountsFromOneAndNeverTwice) {
  Sealer sealer(fixed_key(), LaneId(0));
  for (std::uint64_t expected = 1; expected < 1000; ++expected) {
    EXPECT_EQ(sealer.next().counter(), expected);  // a ticket thrown away is not given again
  }
  static_assert(!std::is_copy_constructible_v<Sealer::Ticket>);
  static_assert(!std::is_copy_constructible_v<Sealer>);
}

TEST(SealerDeathTest, ATicketIsGoodOnceAndForItsOwnSealer) {
  Sealer first(fixed_key(), LaneId(0));
  Sealer second(fixed_key(), LaneId(1));
  Bytes text(10);
  Tag tag{};
  EXPECT_DEATH(second.seal(first.next(), {}, MutableByteView(text), tag), "ticket");
  Sealer::Ticket ticket = first.next();
  first.seal(std::move(ticket), {}, MutableByteView(text), tag);
  EXPECT_DEATH(first.seal(std::move(ticket),  // NOLINT(bugprone-use-after-move): what is tested
                          {}, MutableByteView(text), tag),
               "ticket");
}

TEST(Sealer, CanBeMovedWithTicketsOut) {
  Sealer sealer(fixed_key(), LaneId(3));
  Sealer::Ticket ticket = sealer.next();
  Sealer moved(std::move(sealer));
  Bytes text(10);
  Tag tag{};
  moved.seal(std::move(ticket), {}, MutableByteView(text), tag);
  EXPECT_EQ(moved.next().counter(), 2U);
}

TEST(SessionKey, IsRandomAndOf32Bytes) {
  EXPECT_FALSE(std::ranges::equal(SessionKey::generate().bytes(), SessionKey::generate().bytes()));
  for (const std::size_t bytes : {0U, 16U, 31U, 33U}) {
    EXPECT_EQ(SessionKey::from_bytes(Bytes(bytes)).error().code, ErrorCode::kInvalid);
  }
}

TEST(SessionKey, IsWipedWhenMovedFrom) {
  SessionKey key = fixed_key(1);
  const SessionKey moved(std::move(key));
  EXPECT_EQ(moved.bytes()[0], 1);
  EXPECT_TRUE(std::ranges::all_of(key.bytes(),  // NOLINT(bugprone-use-after-move): what is tested
                                  [](std::uint8_t byte) { return byte == 0; }));
}

}  // namespace
}  // namespace sluice::crypto
