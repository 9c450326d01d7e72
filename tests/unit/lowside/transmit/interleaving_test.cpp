#include "lowside/transmit/interleaving.h"

#include <gtest/gtest.h>

#include "common/base/limits.h"

namespace sluice::low {
namespace {

using std::chrono::milliseconds;

TransmitSettings link(std::uint64_t rate, std::size_t mtu) {
  TransmitSettings settings;
  settings.stream = "lab-low";
  settings.mtu = mtu;
  settings.rate_bits_per_second = rate;
  return settings;
}

TEST(Interleaving, PromisesWhatIsAskedAndNotMuchMoreOnEveryLink) {
  for (const std::uint64_t rate : {UINT64_C(64'000), UINT64_C(4'000'000), UINT64_C(100'000'000),
                                   UINT64_C(1'000'000'000), UINT64_C(10'000'000'000)}) {
    for (const std::size_t mtu : {576, 1500, 9000}) {
      for (const int outage : {1, 5, 40, 200}) {
        for (const double redundancy : {0.05, 0.125, 0.3, 1.0}) {
          TransmitSettings settings = link(rate, mtu);
          const auto done =
              interleave({.outage = milliseconds(outage), .redundancy = redundancy}, settings);
          SCOPED_TRACE(std::to_string(rate) + " " + std::to_string(mtu) + " " +
                       std::to_string(outage) + " " + std::to_string(redundancy));
          if (!done) {
            EXPECT_EQ(rate, 10'000'000'000U);  // 200 ms at 5 %: 5 GB
            EXPECT_EQ(done.error().code, ErrorCode::kExhausted);
            continue;
          }
          ASSERT_TRUE(settings.validate()) << settings.validate().error().message();
          const LinkFigures figures = link_figures(settings);
          EXPECT_GE(figures.outage, milliseconds(outage));
          if (settings.block_bytes > 2 * limits::kMinBlockBytes && settings.window > 4) {
            EXPECT_LT(figures.outage, milliseconds(outage) * 3 / 2 + milliseconds(4));
          }
          EXPECT_GE(settings.parity_symbols, settings.data_symbols * redundancy - 1e-9);
          EXPECT_LT(settings.parity_symbols - 1, settings.data_symbols * redundancy);
          EXPECT_GE(settings.parity_symbols, 8);
        }
      }
    }
  }
}

TEST(Interleaving, TheDefaultIsWhatTheDocumentSays) {
  TransmitSettings settings = link(500'000'000, 1500);
  ASSERT_TRUE(interleave({.outage = milliseconds(40), .redundancy = 0.125}, settings));
  EXPECT_EQ(settings.data_symbols, 64);
  EXPECT_EQ(settings.parity_symbols, 8);
  EXPECT_EQ(settings.block_bytes, std::size_t{27} * 64 * 1412);
  EXPECT_EQ(settings.window, 9U);
}

TEST(Interleaving, SmallRedundancyGetsLongCodewordsAndMuchGetsParity) {
  const struct {
    double redundancy;
    int data, parity;
  } cases[] = {{0.01, 200, 2}, {0.04, 200, 8}, {0.1, 80, 8}, {0.25, 64, 16}, {1, 55, 55}};
  for (const auto& expected : cases) {
    TransmitSettings settings = link(1'000'000'000, 1500);
    ASSERT_TRUE(
        interleave({.outage = milliseconds(5), .redundancy = expected.redundancy}, settings));
    EXPECT_EQ(settings.data_symbols, expected.data) << expected.redundancy;
    EXPECT_EQ(settings.parity_symbols, expected.parity) << expected.redundancy;
  }
}

TEST(Interleaving, WhatNoWindowHoldsIsRefusedWithTheCure) {
  TransmitSettings settings = link(100'000'000'000, 9000);
  const auto done = interleave({.outage = milliseconds(10'000), .redundancy = 0.01}, settings);
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().cure.find("link.outage"), std::string::npos);
}

// 72 datagrams, each lost with probability 1 %: more than 8 with 4.1e-8 (scipy.stats.binom.sf(8,
// 72, 0.01)), in 11066 codewords of a gigabyte.
TEST(Interleaving, RandomLossIsTheBinomialsTail) {
  TransmitSettings settings = link(1'000'000'000, 1500);
  settings.data_symbols = 64;
  settings.parity_symbols = 8;
  EXPECT_NEAR(loss_per_gigabyte(settings, 0.01), 5.34e-4, 0.01e-4);
  EXPECT_NEAR(loss_per_gigabyte(settings, 0.2), 1, 1e-9);
  EXPECT_LT(loss_per_gigabyte(settings, 0.001), 1e-11);
}

TEST(SendingTime, IsWhatTheDocumentSays) {
  TransmitSettings settings = link(500'000'000, 1500);
  ASSERT_TRUE(interleave({.outage = milliseconds(40), .redundancy = 0.125}, settings));
  // A gigabyte: 708 216 symbols of 1412 bytes, with parity 796 743 slots of 24.608 us, and the
  // spread.
  const auto gigabyte = sending_time(settings, 1, 1'000'000'000);
  EXPECT_NEAR(static_cast<double>(gigabyte.count()), 796'743 * 24.608 + 382'703, 100);
  EXPECT_EQ(sending_time(settings, 1, 0), link_figures(settings).spread);
  const auto two = sending_time(settings, 2, 1'000'000'000) - link_figures(settings).spread;
  EXPECT_NEAR(static_cast<double>(two.count()), 796'743 * 24.608 / 2, 100);
}

}  // namespace
}  // namespace sluice::low
