// What is not the trusted sender's changes nothing but a counter.
#include <gtest/gtest.h>

#include "tests/support/link_rig.h"

namespace sluice::high {
namespace {

using observe::Metric;
using test::LinkRig;

class Rejects : public testing::Test {
 protected:
  // A good datagram of the session, spoiled by `change`, arrives besides it.
  template <class Change>
  void inject_changed(std::size_t which, const Change& change) {
    Bytes datagram = recorded_.at(which);
    change(datagram);
    rig_.link.inject(datagram);
    rig_.deliver();
  }
  std::size_t first_symbol() const {
    for (std::size_t i = 0; i < recorded_.size(); ++i) {
      if (test::symbol_header(recorded_[i])) {
        return i;
      }
    }
    return recorded_.size();
  }

  void SetUp() override {
    rig_.link.record();
    rig_.send_blocks(4);
    recorded_ = rig_.link.recorded();
    blocks_ = rig_.received.blocks.size();
  }
  void TearDown() override {
    EXPECT_EQ(rig_.received.blocks.size(), blocks_);
    EXPECT_TRUE(rig_.received.losses.empty());
    rig_.send_blocks(4);  // and the session goes on
    rig_.expect_all_arrived_but_lost();
    EXPECT_TRUE(rig_.received.losses.empty());
  }

  LinkRig rig_;
  std::vector<Bytes> recorded_;
  std::size_t blocks_ = 0;
};

TEST_F(Rejects, EachBadHeaderByItsReason) {
  const std::size_t symbol = first_symbol();
  inject_changed(symbol, [](Bytes& d) { d.resize(5); });
  EXPECT_EQ(rig_.high(Metric::kRejectTooShort), 1U);
  inject_changed(symbol, [](Bytes& d) { d.clear(); });
  EXPECT_EQ(rig_.high(Metric::kRejectTooShort), 2U);
  inject_changed(symbol, [](Bytes& d) { d[0] = 'X'; });
  EXPECT_EQ(rig_.high(Metric::kRejectBadMagic), 1U);
  inject_changed(symbol, [](Bytes& d) { d[3] = 2; });
  EXPECT_EQ(rig_.high(Metric::kRejectUnknownVersion), 1U);
  inject_changed(symbol, [](Bytes& d) { d[4] = 99; });
  EXPECT_EQ(rig_.high(Metric::kRejectUnknownKind), 1U);
  inject_changed(symbol, [](Bytes& d) { d[5] = 200; });
  EXPECT_EQ(rig_.high(Metric::kRejectBadLane), 1U);
  inject_changed(symbol, [](Bytes& d) { d.pop_back(); });
  EXPECT_EQ(rig_.high(Metric::kRejectBadLength), 1U);
  inject_changed(symbol, [](Bytes& d) { d[40] = 0; });
  EXPECT_EQ(rig_.high(Metric::kRejectBadGeometry), 1U);
}

TEST_F(Rejects, EveryBitOfASymbolIsAuthenticated) {
  std::uint64_t injected = 0;
  for (std::size_t byte = 0; byte < recorded_[first_symbol()].size(); ++byte) {
    inject_changed(first_symbol(),
                   [byte](Bytes& d) { d[byte] ^= static_cast<std::uint8_t>(1U << byte % 8); });
    ++injected;
  }
  std::uint64_t rejected = 0;
  for (const Metric metric :
       {Metric::kRejectBadMagic, Metric::kRejectUnknownVersion, Metric::kRejectUnknownKind,
        Metric::kRejectBadLane, Metric::kRejectBadLength, Metric::kRejectBadGeometry,
        Metric::kRejectUnknownSession, Metric::kRejectBadTag, Metric::kAnnounceUnreadable,
        Metric::kAnnounceForeign}) {
    rejected += rig_.high(metric);
  }
  EXPECT_EQ(rejected, injected);
  EXPECT_GT(rig_.high(Metric::kRejectBadTag), injected / 2);
}

TEST_F(Rejects, ARecordingOfTheSession) {
  for (const Bytes& datagram : recorded_) {
    rig_.link.inject(datagram);
  }
  const std::uint64_t beats = rig_.received.heartbeats.size();
  const std::uint64_t announces = rig_.high(Metric::kAnnounceAccepted);
  rig_.deliver();
  EXPECT_EQ(rig_.received.heartbeats.size(), beats);
  const std::uint64_t again = rig_.high(Metric::kAnnounceAccepted) - announces;  // harmless
  EXPECT_EQ(rig_.high(Metric::kRejectReplayed), recorded_.size() - again);
}

TEST_F(Rejects, WhatIsOlderThanTheReplayWindow) {
  LinkRig rig;
  rig.receive.replay_window = 64;
  rig.start_receiver();
  rig.link.record();
  rig.send_blocks(10);
  for (const Bytes& datagram : rig.link.recorded()) {
    rig.link.inject(datagram);
  }
  rig.deliver();
  EXPECT_GT(rig.high(Metric::kRejectTooOld), 400U);
  EXPECT_EQ(rig.high(Metric::kRejectTooOld) + rig.high(Metric::kRejectReplayed) + 3,
            rig.link.recorded().size());
}

TEST_F(Rejects, ASessionThatWasNeverAnnounced) {
  LinkRig stranger({.seed = 99});
  stranger.link.record();
  stranger.send_blocks(2);
  std::uint64_t sealed = 0;
  for (const Bytes& datagram : stranger.link.recorded()) {
    if (datagram[4] != static_cast<std::uint8_t>(wire::Kind::kAnnounce)) {
      rig_.link.inject(datagram);
      ++sealed;
    }
  }
  rig_.deliver();
  EXPECT_EQ(rig_.high(Metric::kRejectUnknownSession), sealed);
}

TEST_F(Rejects, AnAnnounceOfAnotherKey) {
  LinkRig stranger({.seed = 99});  // the same stream's name, keys of its own
  stranger.link.record();
  stranger.send_blocks(2);
  for (const Bytes& datagram : stranger.link.recorded()) {
    rig_.link.inject(datagram);
  }
  rig_.deliver();
  EXPECT_EQ(rig_.high(Metric::kAnnounceForeign), 3U);
  EXPECT_EQ(rig_.high(Metric::kRejectUnknownSession), stranger.link.recorded().size() - 3);
}

TEST_F(Rejects, AnAnnounceSealedToOthers) {
  const auto others = crypto::OpeningKey::generate();
  wire::SessionInfo info = rig_.beacon->info();
  info.epoch = Epoch(9);
  info.session = SessionId(4711);
  rig_.link.inject(wire::write_announce(info, rig_.clock.utc_now(), crypto::SessionKey::generate(),
                                        {others.sealing_key()}, rig_.signing));
  rig_.deliver();
  EXPECT_EQ(rig_.high(Metric::kAnnounceNotForUs), 1U);
}

TEST_F(Rejects, AnAnnounceUnderAnotherStreamsName) {
  wire::SessionInfo info = rig_.beacon->info();
  info.stream = "somebody-else";
  info.epoch = Epoch(9);
  info.session = SessionId(4711);
  rig_.link.inject(wire::write_announce(info, rig_.clock.utc_now(), crypto::SessionKey::generate(),
                                        {rig_.opening.sealing_key()}, rig_.signing));
  rig_.deliver();
  EXPECT_EQ(rig_.high(Metric::kAnnounceForeign), 1U);
}

TEST_F(Rejects, AnAnnounceThatCannotBeRead) {
  Bytes garbage(200, 0xff);
  std::ranges::copy(ByteView(recorded_[0]).first(wire::kPrefixBytes), garbage.begin());
  garbage[6] = static_cast<std::uint8_t>(garbage.size() - wire::kPrefixBytes);
  garbage[7] = 0;
  rig_.link.inject(garbage);
  rig_.deliver();
  EXPECT_EQ(rig_.high(Metric::kAnnounceUnreadable), 1U);
}

TEST_F(Rejects, AFloodOfAnnouncesIsNotLookedAt) {
  LinkRig stranger({.seed = 99});
  const Bytes announce = stranger.beacon->announces(stranger.clock.utc_now()).at(0);
  for (int i = 0; i < 1000; ++i) {
    rig_.link.inject(announce);
  }
  rig_.deliver();
  EXPECT_LE(rig_.high(Metric::kAnnounceForeign), 64U);
  EXPECT_GE(rig_.high(Metric::kAnnounceTooMany), 1000U - 64U);
  rig_.run_for(std::chrono::seconds(3));
  EXPECT_TRUE(rig_.received.losses.empty());
}

TEST(RejectsOnTheWay, BitsTurnedAndEndsCutOffAreOnlyLosses) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    LinkRig rig({.seed = seed, .faults = {.corrupt = 0.01, .truncate = 0.01}});
    rig.send_blocks(40);
    rig.run_for(std::chrono::seconds(3));
    rig.expect_all_arrived_but_lost();
    EXPECT_TRUE(rig.received.losses.empty()) << "seed " << seed;
    EXPECT_GT(rig.high(Metric::kRejectBadTag), 0U);
    EXPECT_GT(rig.high(Metric::kRejectBadLength) + rig.high(Metric::kRejectTooShort), 0U);
  }
}

}  // namespace
}  // namespace sluice::high
