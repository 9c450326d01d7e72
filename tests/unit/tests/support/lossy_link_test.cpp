#include "tests/support/lossy_link.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace sluice::test {
namespace {

constexpr std::size_t kDatagrams = 20'000;
constexpr std::size_t kBytes = 40;

Bytes numbered(std::uint64_t number) {
  Bytes datagram(kBytes, 0x55);
  std::memcpy(datagram.data(), &number, sizeof number);
  return datagram;
}

// What arrives, taken apart again.
std::vector<Bytes> receive_all(LossyLink& link) {
  Bytes memory(link.source().buffer_bytes());
  std::array<link::ReceiveBuffer, 1> buffer{};
  buffer[0].memory = memory;
  std::vector<Bytes> datagrams;
  while (link.source().receive(buffer, std::chrono::milliseconds(0)).value() > 0) {
    ByteView rest = MutableByteView(memory).first(buffer[0].bytes);
    do {
      const ByteView one = rest.first(std::min(rest.size(), buffer[0].segment_bytes));
      datagrams.emplace_back(one.begin(), one.end());
      rest = rest.subspan(one.size());
    } while (!rest.empty());
  }
  return datagrams;
}

std::vector<Bytes> pass_all(LossyLink& link) {
  for (std::uint64_t number = 0; number < kDatagrams; ++number) {
    EXPECT_TRUE(link.sink().send(numbered(number), kBytes));
  }
  link.flush();
  return receive_all(link);
}

TEST(LossyLink, CarriesEverythingWithoutFaults) {
  LossyLink link(1);
  const auto arrived = pass_all(link);
  ASSERT_EQ(arrived.size(), kDatagrams);
  for (std::uint64_t number = 0; number < kDatagrams; ++number) {
    ASSERT_EQ(arrived[number], numbered(number));
  }
}

TEST(LossyLink, TheSameSeedDoesTheSame) {
  const LinkFaults all{
      .loss = 0.1, .duplicate = 0.1, .reorder = 0.1, .corrupt = 0.1, .truncate = 0.1};
  LossyLink one(5, all);
  LossyLink two(5, all);
  LossyLink other(6, all);
  const auto arrived = pass_all(one);
  EXPECT_EQ(arrived, pass_all(two));
  EXPECT_EQ(one.account(), two.account());
  EXPECT_NE(arrived, pass_all(other));
}

TEST(LossyLink, LosesAboutAsManyAsAsked) {
  LossyLink link(2, {.loss = 0.01});
  const auto arrived = pass_all(link);
  EXPECT_EQ(arrived.size(), kDatagrams - link.account().lost);
  EXPECT_NEAR(static_cast<double>(link.account().lost), kDatagrams * 0.01, 60);
}

TEST(LossyLink, RepeatsAndDelaysWithinTheSpan) {
  LossyLink link(3, {.duplicate = 0.05, .reorder = 0.05, .reorder_span = 8});
  const auto arrived = pass_all(link);
  EXPECT_EQ(arrived.size(), kDatagrams + link.account().duplicated);
  EXPECT_GT(link.account().reordered, 500U);
  std::uint64_t highest = 0;
  std::uint64_t overtaken = 0;
  for (const Bytes& datagram : arrived) {
    std::uint64_t number = 0;
    std::memcpy(&number, datagram.data(), sizeof number);
    EXPECT_LE(highest, number + 9);
    overtaken += number < highest ? 1 : 0;
    highest = std::max(highest, number);
  }
  EXPECT_GT(overtaken, 500U);
}

TEST(LossyLink, TurnsOneBit) {
  LossyLink link(4, {.corrupt = 1});
  const auto arrived = pass_all(link);
  for (std::uint64_t number = 0; number < kDatagrams; ++number) {
    const Bytes good = numbered(number);
    int bits = 0;
    for (std::size_t i = 0; i < kBytes; ++i) {
      bits += std::popcount(static_cast<unsigned>(good[i] ^ arrived[number][i]));
    }
    ASSERT_EQ(bits, 1);
  }
}

TEST(LossyLink, CutsEndsOff) {
  LossyLink link(4, {.truncate = 0.5});
  const auto arrived = pass_all(link);
  ASSERT_EQ(arrived.size(), kDatagrams);
  EXPECT_EQ(static_cast<std::uint64_t>(
                std::ranges::count_if(arrived, [](const Bytes& d) { return d.size() < kBytes; })),
            link.account().truncated);
}

TEST(LossyLink, DropsExactlyWhatItIsTold) {
  LossyLink link(1);
  link.drop_if([](ByteView datagram) { return datagram[0] == 7; });
  const auto arrived = pass_all(link);
  EXPECT_TRUE(std::ranges::none_of(arrived, [](const Bytes& d) { return d[0] == 7; }));
  EXPECT_EQ(arrived.size() + link.account().dropped, kDatagrams);
}

TEST(LossyLink, SplitsRunsAndKeepsTheShortLastOne) {
  LossyLink link(1);
  ASSERT_TRUE(link.sink().send(Bytes(105, 1), 50));
  const auto arrived = receive_all(link);
  ASSERT_EQ(arrived.size(), 3U);
  EXPECT_EQ(arrived[2].size(), 5U);
}

TEST(LossyLink, RecordsInjectsAndFails) {
  LossyLink link(1, {.loss = 1});
  link.record();
  ASSERT_TRUE(link.sink().send(numbered(1), kBytes));
  EXPECT_EQ(link.recorded(), std::vector<Bytes>(1, numbered(1)));
  link.inject(numbered(2));
  EXPECT_EQ(receive_all(link), std::vector<Bytes>(1, numbered(2)));
  link.fail_sends(Error{ErrorCode::kUnavailable, "link", "down", ""});
  EXPECT_FALSE(link.sink().send(numbered(3), kBytes));
  EXPECT_EQ(link.account().sent, 1U);
}

}  // namespace
}  // namespace sluice::test
