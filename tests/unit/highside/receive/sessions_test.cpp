// Receivers that come late or again, senders that start again, and recordings of old sessions.
#include <gtest/gtest.h>

#include "tests/support/link_rig.h"

namespace sluice::high {
namespace {

using observe::Metric;
using test::LinkRig;

// Those of the current session.
std::size_t arrived(const LinkRig& rig) {
  return static_cast<std::size_t>(std::ranges::count_if(
      rig.received.blocks,
      [&rig](const auto& block) { return block.first.first == rig.session(); }));
}

TEST(Sessions, AReceiverThatComesLateMissesOnlyWhatWasBefore) {
  LinkRig rig;
  rig.link.drop_if([](ByteView) { return true; });
  rig.send_blocks(20);
  rig.link.drop_if({});
  const std::size_t before = rig.sent.size();
  rig.run_for(std::chrono::seconds(2));
  rig.send_blocks(20);
  rig.run_for(std::chrono::seconds(2));
  EXPECT_TRUE(rig.received.losses.empty()) << "nobody listened then";
  EXPECT_EQ(arrived(rig), rig.sent.size() - before);
}

TEST(Sessions, AReceiverThatJoinsInTheMiddleOfBlocksTellsTheLaterLosses) {
  LinkRig rig({.mtu = 1500});
  rig.run_for(std::chrono::seconds(2));
  std::uint64_t passed = 0;
  rig.link.drop_if([&passed, &rig](ByteView datagram) {
    const auto header = test::symbol_header(datagram);
    if (header && header->block == BlockNumber(10) && header->ordinal == 30 && passed++ == 0) {
      rig.start_receiver();  // knows nothing of the session until its next announce
    }
    return header && (header->block == BlockNumber(3) || header->block == BlockNumber(60));
  });
  rig.send_blocks(20);
  rig.run_for(std::chrono::seconds(2));
  const std::size_t known = rig.sent.size();
  EXPECT_LT(known, 30U);
  rig.send_blocks(60);
  rig.run_for(std::chrono::seconds(2));
  EXPECT_EQ(rig.received.told_twice, 0U);
  EXPECT_EQ(rig.lost().back(), 60U);
  for (std::uint64_t number = known; number < rig.sent.size(); ++number) {
    EXPECT_EQ(rig.received.blocks.contains({rig.session(), number}), number != 60) << number;
  }
}

TEST(Sessions, AReceiverThatStartsAgainGoesOnWithTheSameSession) {
  LinkRig rig;
  rig.send_blocks(10);
  rig.start_receiver();
  rig.run_for(std::chrono::seconds(2));
  rig.send_blocks(10);
  rig.expect_all_arrived_but_lost();
  EXPECT_TRUE(rig.received.losses.empty());
}

TEST(Sessions, ASenderThatStartsAgainIsFollowed) {
  LinkRig rig;
  rig.send_blocks(10);
  rig.start_sender(Epoch(2));
  rig.send_blocks(10);
  rig.start_sender(Epoch(7));
  rig.send_blocks(10);
  rig.run_for(std::chrono::seconds(5));
  rig.expect_all_arrived_but_lost();
  EXPECT_TRUE(rig.received.losses.empty());
  EXPECT_EQ(rig.events.named("link.session").size(), 3U);
  EXPECT_EQ(rig.reader->status().streams[0].epoch, Epoch(7));
}

TEST(Sessions, WhatTheOldSessionLeftUnfinishedIsToldLost) {
  LinkRig rig;
  rig.link.drop_if([](ByteView datagram) {
    const auto header = test::symbol_header(datagram);
    return header && header->block >= BlockNumber(4) && header->ordinal > 20;
  });
  rig.send_blocks(5);  // its last blocks are cut short, as by a crash
  const std::uint64_t old = rig.session();
  rig.link.drop_if({});
  rig.start_sender(Epoch(2));
  rig.send_blocks(5);
  rig.run_for(std::chrono::seconds(3));
  rig.expect_all_arrived_but_lost();
  ASSERT_FALSE(rig.received.losses.empty());
  EXPECT_EQ(rig.received.losses[0].first.session.value(), old);
  EXPECT_EQ(rig.received.losses[0].first.number, BlockNumber(4));
}

TEST(Sessions, ARecordingOfAnOldSessionStartsNothing) {
  LinkRig rig;
  rig.link.record();
  rig.send_blocks(5);
  const auto recording = rig.link.recorded();
  rig.start_sender(Epoch(2));
  rig.send_blocks(5);
  rig.run_for(std::chrono::seconds(5));  // the old one is let go
  const std::size_t blocks = rig.received.blocks.size();
  const std::size_t beats = rig.received.heartbeats.size();

  for (const bool restarted : {false, true}) {
    if (restarted) {
      rig.start_receiver();
    }
    const std::uint64_t outdated = rig.high(Metric::kAnnounceOutdated);
    const std::uint64_t unknown = rig.high(Metric::kRejectUnknownSession);
    for (const Bytes& datagram : recording) {
      rig.link.inject(datagram);
    }
    rig.deliver();
    EXPECT_EQ(rig.received.blocks.size(), blocks);
    EXPECT_EQ(rig.received.heartbeats.size(), beats);
    EXPECT_EQ(rig.high(Metric::kAnnounceOutdated) - outdated, 3U);
    EXPECT_EQ(rig.high(Metric::kRejectUnknownSession) - unknown, recording.size() - 3);
  }
  EXPECT_EQ(rig.events.named("link.session_refused").size(), 2U) << "once, not for each announce";
}

TEST(Sessions, TwoStreamsArriveSideBySide) {
  LinkRig rig;
  LinkRig other({.seed = 2});
  other.beacon = std::make_unique<low::Beacon>(wire::SessionInfo{.stream = "other-low",
                                                                 .epoch = Epoch(1),
                                                                 .session = SessionId(77),
                                                                 .started = other.clock.utc_now()},
                                               crypto::SessionKey::generate(),
                                               std::vector{rig.opening.sealing_key()},
                                               other.signing, other.outbox, 1);
  other.builder =
      std::make_unique<low::PassBuilder>(other.transmit, SessionId(77), other.blobs, other.signing,
                                         other.compression, other.low_counters, other.events);
  other.sender =
      std::make_unique<low::LaneSender>(other.transmit, LaneId(0), *other.beacon, other.link.sink(),
                                        other.clock, other.low_counters, other.events);
  rig.streams.push_back({.name = "other-low", .key = other.signing.verify_key()});
  rig.start_receiver();
  other.link.record();
  other.send_blocks(5);
  for (const Bytes& datagram : other.link.recorded()) {
    rig.link.inject(datagram);
  }
  rig.send_blocks(5);
  for (const auto& [place, bytes] : other.sent) {
    EXPECT_TRUE(rig.received.blocks.at(place) == bytes);
  }
  for (const auto& [place, bytes] : rig.sent) {
    EXPECT_TRUE(rig.received.blocks.at(place) == bytes);
  }
  EXPECT_EQ(rig.high(Metric::kLinkAlive), 1U);
}

// --- four things that look alike from afar

std::string reason(const LinkRig& rig) {
  const auto sessions = rig.events.named("link.session");
  return sessions.empty() ? "" : test::field(sessions.back(), "reason");
}

TEST(Sessions, BeginningsAreToldApart) {
  LinkRig rig;
  rig.run_for(std::chrono::seconds(2));
  EXPECT_EQ(reason(rig), "first-contact");
  rig.start_receiver();
  rig.run_for(std::chrono::seconds(2));
  EXPECT_EQ(reason(rig), "receiver-restarted");
  EXPECT_EQ(rig.reader->status().streams[0].contact, "receiver-restarted");
  rig.start_sender(Epoch(2));
  rig.run_for(std::chrono::seconds(2));
  EXPECT_EQ(reason(rig), "sender-restarted");
  EXPECT_EQ(rig.reader->status().streams[0].contact, "sender-restarted");
  rig.start_sender(Epoch(1));  // a recording, or a sender that lost its state
  rig.run_for(std::chrono::seconds(2));
  EXPECT_EQ(rig.events.named("link.session").size(), 3U);
  EXPECT_EQ(rig.events.named("link.session_refused").size(), 1U);
  EXPECT_EQ(rig.reader->status().streams[0].recordings, 1U);
  EXPECT_EQ(rig.reader->status().streams[0].contact, "sender-restarted");
  EXPECT_EQ(rig.high(Metric::kSessionsFirst), 1U);
  EXPECT_EQ(rig.high(Metric::kSessionsReceiverRestarted), 1U);
  EXPECT_EQ(rig.high(Metric::kSessionsSenderRestarted), 1U);
  EXPECT_EQ(rig.high(Metric::kSessionsRecorded), 1U);
  EXPECT_EQ(rig.high(Metric::kSenderClockSteps) + rig.high(Metric::kClockSteps), 0U);
}

// What was recorded of the session that runs is refused datagram by datagram, and begins nothing.
TEST(Sessions, ARecordingOfTheSessionThatRunsIsCountedAsReplayed) {
  LinkRig rig;
  std::vector<Bytes> recorded;
  rig.link.drop_if([&](ByteView datagram) {
    recorded.emplace_back(datagram.begin(), datagram.end());
    return false;
  });
  rig.run_for(std::chrono::seconds(3));
  rig.link.drop_if({});
  for (Bytes& datagram : recorded) {
    rig.reader->take(datagram);
  }
  EXPECT_GE(rig.high(Metric::kRejectReplayed), 3U);
  EXPECT_EQ(rig.events.named("link.session").size(), 1U);
  EXPECT_EQ(rig.high(Metric::kSessionsRecorded), 0U);
}

// Further than nanoseconds of 64 bits reach.
TEST(Sessions, AClockThatJumpsByThousandsOfYearsIsToldInSeconds) {
  LinkRig rig;
  rig.run_for(std::chrono::seconds(3));
  rig.sender_clock.offset = std::chrono::hours(24 * 365 * 3000);
  rig.run_for(std::chrono::seconds(3));
  const auto stepped = rig.events.named("link.sender_clock_stepped");
  ASSERT_EQ(stepped.size(), 1U);
  EXPECT_EQ(test::field(stepped[0], "seconds"), "94608000000");
  EXPECT_EQ(rig.reader->status().streams[0].clock_ahead, rig.sender_clock.offset);
}

TEST(Sessions, AClockThatJumpsIsNamedByWhoseItIs) {
  LinkRig rig;
  rig.run_for(std::chrono::seconds(3));
  rig.sender_clock.offset = std::chrono::hours(-30);
  rig.run_for(std::chrono::seconds(3));
  rig.reader->tick();
  EXPECT_EQ(rig.high(Metric::kSenderClockSteps), 1U);
  EXPECT_EQ(rig.high(Metric::kClockSteps), 0U);
  const auto stepped = rig.events.named("link.sender_clock_stepped");
  ASSERT_EQ(stepped.size(), 1U);
  EXPECT_EQ(test::field(stepped[0], "seconds"), "-108000");
  EXPECT_EQ(rig.reader->status().streams[0].clock_steps, 1U);
  EXPECT_EQ(rig.reader->status().streams[0].clock_ahead, std::chrono::hours(-30));

  rig.receiver_clock.offset = std::chrono::hours(400);
  rig.reader->tick();
  rig.run_for(std::chrono::seconds(3));
  EXPECT_EQ(rig.high(Metric::kSenderClockSteps), 1U);
  EXPECT_EQ(rig.high(Metric::kClockSteps), 1U);
  EXPECT_EQ(rig.events.named("clock.stepped").size(), 1U);
  EXPECT_EQ(rig.events.named("link.session").size(), 1U) << "no clock begins or ends a session";
  EXPECT_TRUE(rig.reader->status().streams[0].alive);
}

}  // namespace
}  // namespace sluice::high
