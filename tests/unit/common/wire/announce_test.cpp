#include "common/wire/announce.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/wire/datagram.h"
#include "common/wire/envelope.h"
#include "sluice/wire.pb.h"
#include "tests/unit/common/wire/fixed_keys.h"

namespace sluice::wire {
namespace {

const SessionInfo kInfo{"lab-low", Epoch(7), SessionId(0x1122334455667788),
                        from_unix_micros(1'700'000'000'000'000)};
const UtcTime kNow = from_unix_micros(1'700'000'123'456'789);

class Announce : public ::testing::Test {
 protected:
  Bytes write(const std::vector<crypto::SealingKey>& receivers) const {
    return write_announce(kInfo, kNow, session_key_, receivers, sender_);
  }
  ErrorCode code_of(ByteView envelope) const {
    return read_announce(envelope, sender_.verify_key(), receiver_).error().code;
  }
  // An announce that the sender signed, whatever it says.
  Bytes sign(const proto::Announce& announce) const {
    const std::string envelope =
        write_envelope(crypto::Domain::kAnnounce, announce.SerializeAsString(), sender_);
    return {envelope.begin(), envelope.end()};
  }
  proto::Announce good() const {
    proto::SignedEnvelope envelope;
    const Bytes datagram = write({receiver_.sealing_key()});
    envelope.ParseFromArray(datagram.data() + kPrefixBytes,
                            static_cast<int>(datagram.size() - kPrefixBytes));
    proto::Announce announce;
    announce.ParseFromString(envelope.payload());
    return announce;
  }

  crypto::SigningKey sender_ = fixed_signing_key();
  crypto::OpeningKey receiver_ = fixed_opening_key();
  crypto::SessionKey session_key_ = fixed_session_key();
};

ByteView envelope_of(const Bytes& datagram) { return ByteView(datagram).subspan(kPrefixBytes); }

TEST_F(Announce, EachReceiverOpensIt) {
  std::vector<crypto::OpeningKey> receivers;
  std::vector<crypto::SealingKey> sealing;
  for (std::size_t i = 0; i < kMaxReceiversPerAnnounce; ++i) {
    receivers.push_back(crypto::OpeningKey::generate());
    sealing.push_back(receivers.back().sealing_key());
  }
  const Bytes datagram = write(sealing);
  EXPECT_LE(datagram.size(), 1452U);  // MTU 1500 over IPv6
  const auto header = std::get<AnnounceHeader>(std::get<Header>(parse(datagram)));
  EXPECT_EQ(header.payload_bytes, datagram.size() - kPrefixBytes);
  for (const crypto::OpeningKey& receiver : receivers) {
    const auto opened = read_announce(envelope_of(datagram), sender_.verify_key(), receiver);
    ASSERT_TRUE(opened) << opened.error().message();
    EXPECT_EQ(opened->info.stream, "lab-low");
    EXPECT_EQ(opened->info.epoch, Epoch(7));
    EXPECT_EQ(opened->info.session, SessionId(0x1122334455667788));
    EXPECT_EQ(opened->info.started, kInfo.started);
    EXPECT_EQ(opened->sent, kNow);
    EXPECT_TRUE(std::ranges::equal(opened->session_key.bytes(), session_key_.bytes()));
  }
}

TEST_F(Announce, FitsWithTheLongestNameAndTheLargestNumbers) {
  const SessionInfo info{std::string(kMaxStreamNameBytes, 'x'), Epoch(UINT64_MAX),
                         SessionId(UINT64_MAX), from_unix_micros(INT64_MAX)};
  const std::vector<crypto::SealingKey> receivers(kMaxReceiversPerAnnounce,
                                                  receiver_.sealing_key());
  EXPECT_LE(
      write_announce(info, from_unix_micros(INT64_MAX), session_key_, receivers, sender_).size(),
      kMaxAnnounceBytes);
}

TEST_F(Announce, OfAnotherSenderIsRefused) {
  const Bytes datagram = write({receiver_.sealing_key()});
  const auto refused =
      read_announce(envelope_of(datagram), fixed_signing_key(1).verify_key(), receiver_);
  EXPECT_EQ(refused.error().code, ErrorCode::kIntegrity);
}

TEST_F(Announce, SealedToOthersIsToldApart) {
  const Bytes datagram = write({crypto::OpeningKey::generate().sealing_key()});
  EXPECT_EQ(code_of(envelope_of(datagram)), ErrorCode::kNotFound);
  proto::Announce none = good();
  none.clear_keys();
  EXPECT_EQ(code_of(sign(none)), ErrorCode::kNotFound);
}

TEST_F(Announce, NoFlippedBitAndNoTruncationIsTaken) {
  const Bytes datagram = write({receiver_.sealing_key()});
  const ByteView envelope = envelope_of(datagram);
  for (std::size_t size = 0; size < envelope.size(); ++size) {
    const auto read = read_announce(envelope.first(size), sender_.verify_key(), receiver_);
    // The key's id comes last and is a hint only: without it the rest holds.
    EXPECT_TRUE(!read || size == envelope.size() - 10) << size;
  }
  const std::size_t signed_bytes = envelope.size() - 10;
  for (std::size_t i = 0; i < signed_bytes; ++i) {
    Bytes bad(envelope.begin(), envelope.end());
    bad[i] ^= 0x10;
    EXPECT_FALSE(read_announce(bad, sender_.verify_key(), receiver_)) << i;
  }
}

TEST_F(Announce, AnotherDomainsSignatureIsRefused) {
  const std::string envelope =
      write_envelope(crypto::Domain::kShipment, good().SerializeAsString(), sender_);
  EXPECT_EQ(code_of(as_bytes(envelope)), ErrorCode::kIntegrity);
}

TEST_F(Announce, SignedButBeyondALimitIsInvalid) {
  EXPECT_TRUE(read_announce(sign(good()), sender_.verify_key(), receiver_));
  proto::Announce bad = good();
  for (std::size_t i = 0; i < kMaxReceiversPerAnnounce; ++i) {
    *bad.add_keys() = bad.keys(0);
  }
  EXPECT_EQ(code_of(sign(bad)), ErrorCode::kInvalid);
  bad = good();
  bad.mutable_keys(0)->mutable_sealed()->pop_back();
  EXPECT_EQ(code_of(sign(bad)), ErrorCode::kInvalid);
  bad = good();
  bad.mutable_keys(0)->mutable_receiver_key_id()->push_back('x');
  EXPECT_EQ(code_of(sign(bad)), ErrorCode::kInvalid);
  for (const std::string& name :
       {std::string(), std::string("a/b"), std::string("a b"), std::string("\0", 1),
        std::string(kMaxStreamNameBytes + 1, 'x')}) {
    bad = good();
    bad.set_stream(name);
    EXPECT_EQ(code_of(sign(bad)), ErrorCode::kInvalid) << name;
  }
}

TEST_F(Announce, ForUsButSealedWronglyIsRefused) {
  proto::Announce bad = good();
  (*bad.mutable_keys(0)->mutable_sealed())[50] ^= 1;
  EXPECT_EQ(code_of(sign(bad)), ErrorCode::kIntegrity);
}

TEST_F(Announce, GarbageIsInvalid) {
  EXPECT_EQ(code_of({}), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(Bytes(100, 0xFF)), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(Bytes(10'000)), ErrorCode::kInvalid);
}

}  // namespace
}  // namespace sluice::wire
