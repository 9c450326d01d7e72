#include "lowside/transmit/lane_sender.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/link_rig.h"

namespace sluice::low {
namespace {

using observe::Metric;
using std::chrono::milliseconds;

std::vector<wire::SymbolHeader> symbols(const std::vector<Bytes>& datagrams) {
  std::vector<wire::SymbolHeader> found;
  for (const Bytes& datagram : datagrams) {
    if (const auto header = test::symbol_header(datagram)) {
      found.push_back(*header);
    }
  }
  return found;
}

std::size_t count_kind(const std::vector<Bytes>& datagrams, wire::Kind kind) {
  return static_cast<std::size_t>(std::ranges::count_if(datagrams, [kind](const Bytes& datagram) {
    return datagram[4] == static_cast<std::uint8_t>(kind);
  }));
}

TEST(LaneSender, SendsEverySymbolOnceUnderGrowingCounters) {
  test::LinkRig rig;
  rig.link.record();
  rig.send_blocks(12);
  std::map<std::uint64_t, std::set<std::uint32_t>> ordinals;
  std::uint64_t counter = 0;
  for (const auto& header : symbols(rig.link.recorded())) {
    EXPECT_TRUE(ordinals[header.block.value()].insert(header.ordinal).second);
    EXPECT_GT(header.counter, counter);
    counter = header.counter;
  }
  EXPECT_EQ(ordinals.size(), rig.sent.size());
  for (const auto& header : symbols(rig.link.recorded())) {
    EXPECT_EQ(ordinals[header.block.value()].size(), header.geometry.total_symbols());
  }
}

TEST(LaneSender, BlocksInFlightStayWithinTheWindowAndAreInterleaved) {
  test::LinkRig rig;
  rig.link.record();
  rig.send_blocks(30);
  const auto sent = symbols(rig.link.recorded());
  std::map<std::uint64_t, std::size_t> last;  // of each block
  for (std::size_t i = 0; i < sent.size(); ++i) {
    last[sent[i].block.value()] = i;
  }
  std::size_t alternations = 0;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    // Nothing of a block is sent after one has begun that is a window newer.
    for (std::uint64_t older = 0; older + rig.transmit.window <= sent[i].block.value(); ++older) {
      ASSERT_LT(last[older], i);
    }
    alternations += i > 0 && sent[i].block != sent[i - 1].block ? 1 : 0;
  }
  EXPECT_GT(alternations, sent.size() * 9 / 10);
}

TEST(LaneSender, AnOutageIsSharedByTheBlocksInFlight) {
  test::LinkRig rig;
  rig.transmit.block_bytes = std::size_t{1} << 20;  // 12 codewords of 62 or 63 and 8
  rig.start_sender(Epoch(2));
  rig.link.record();
  rig.send_blocks(12);
  const auto sent = symbols(rig.link.recorded());
  // 4 blocks × 12 codewords × 8 losses: a tenth less is survived wherever it strikes, but for the
  // first and last blocks, which have fewer beside them.
  constexpr std::size_t kOutage = 340;
  for (std::size_t start = 2000; start + kOutage < sent.size() - 2000; start += 101) {
    std::map<std::pair<std::uint64_t, std::uint32_t>, int> losses;  // by block and codeword
    for (std::size_t i = start; i < start + kOutage; ++i) {
      const auto& geometry = sent[i].geometry;
      const std::uint32_t codeword =
          (sent[i].ordinal < geometry.data_symbols() ? sent[i].ordinal
                                                     : sent[i].ordinal - geometry.data_symbols()) %
          geometry.codewords();
      ++losses[{sent[i].block.value(), codeword}];
    }
    for (const auto& [where, count] : losses) {
      EXPECT_LE(count, 8) << "block " << where.first << " at " << start;
    }
  }
}

TEST(LaneSender, LeadsWithThreeAnnouncesBeforeAnyData) {
  test::LinkRig rig;
  rig.link.record();
  rig.send_blocks(1);
  const auto datagrams = rig.link.recorded();
  ASSERT_GT(datagrams.size(), 6U);
  for (std::size_t i = 0; i < 6; i += 2) {
    EXPECT_EQ(datagrams[i][4], static_cast<std::uint8_t>(wire::Kind::kAnnounce));
    EXPECT_EQ(datagrams[i + 1][4], static_cast<std::uint8_t>(wire::Kind::kHeartbeat));
  }
  EXPECT_TRUE(test::symbol_header(datagrams[6]));
}

TEST(LaneSender, AnnouncesAndBeatsWhileIdle) {
  test::LinkRig rig;
  rig.run_for(std::chrono::seconds(1));
  rig.link.record();
  rig.run_for(std::chrono::seconds(10));
  const auto datagrams = rig.link.recorded();
  EXPECT_EQ(count_kind(datagrams, wire::Kind::kAnnounce), 10U);
  EXPECT_EQ(count_kind(datagrams, wire::Kind::kHeartbeat), 10U);
}

TEST(LaneSender, MoreReceiversThanOneAnnounceHoldsGetMoreAnnounces) {
  test::LinkRig rig;
  std::vector<crypto::SealingKey> receivers;
  for (int i = 0; i < 9; ++i) {
    receivers.push_back(crypto::OpeningKey::generate().sealing_key());
  }
  Beacon beacon(rig.beacon->info(), rig.beacon->session_key(), receivers, rig.signing, rig.outbox,
                1);
  const auto announces = beacon.announces(rig.clock.utc_now());
  ASSERT_EQ(announces.size(), 2U);
  for (const Bytes& announce : announces) {
    EXPECT_LE(announce.size(), 1472U);
  }
}

TEST(LaneSender, HoldsTheRateOnTheWire) {
  test::LinkRig rig;
  rig.run_for(std::chrono::seconds(1));  // past the lead
  const SteadyTime start = rig.clock.steady_now();
  const std::uint64_t before = rig.low(Metric::kSentBytes);
  const std::uint64_t datagrams = rig.low(Metric::kSentDatagrams);
  rig.send_blocks(100);
  const std::chrono::duration<double> time = rig.clock.steady_now() - start;
  const double wire_bits = static_cast<double>(rig.low(Metric::kSentBytes) - before +
                                               66 * (rig.low(Metric::kSentDatagrams) - datagrams)) *
                           8;
  EXPECT_NEAR(wire_bits / time.count(), 1e9, 0.03e9);
}

TEST(LaneSender, WhatTheKernelRefusedIsSentAgainUnchanged) {
  test::LinkRig rig;
  rig.run_for(std::chrono::seconds(1));
  auto block = std::make_unique<EncodedBlock>(rig.transmit);
  rig.builder->begin(test::make_pass(rig.blobs, rig.random, 1, {10'000}));
  rig.builder->build(LaneId(0), BlockNumber(0), *block);
  rig.sender->take(std::move(block));
  rig.link.fail_sends(Error{ErrorCode::kUnavailable, "link", "the network is down", "plug it in"});
  for (int i = 0; i < 20; ++i) {
    rig.clock.advance_to(rig.sender->step(rig.clock.steady_now()));
  }
  EXPECT_FALSE(rig.sender->idle());
  EXPECT_EQ(rig.events.named("link.send_failed").size(), 1U);
  rig.link.fail_sends(std::nullopt);
  while (!rig.sender->idle()) {
    rig.clock.advance_to(rig.sender->step(rig.clock.steady_now()));
  }
  rig.deliver();
  EXPECT_EQ(rig.received.blocks.size(), 1U);
  EXPECT_EQ(rig.events.named("link.send_resumed").size(), 1U);
  EXPECT_GT(rig.low(Metric::kSendErrors), 1U);
  EXPECT_EQ(rig.high(Metric::kRejectReplayed), 0U);
}

}  // namespace
}  // namespace sluice::low
