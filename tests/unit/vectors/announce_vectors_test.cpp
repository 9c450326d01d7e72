// Announces, with the vectors' keys.
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "common/wire/announce.h"
#include "tests/support/vectors.h"
#include "tests/unit/vectors/receiver.h"

namespace sluice::test {
namespace {

class AnnounceVectors : public testing::Test {
 protected:
  Result<wire::OpenedAnnounce> read(ByteView datagram) const {
    return wire::read_announce(datagram.subspan(wire::kPrefixBytes), sender_, receiver_);
  }
  const std::vector<Vector> vectors_ = vectors_of("announce");
  const crypto::VerifyKey sender_ = wire::fixed_signing_key().verify_key();
  const crypto::OpeningKey receiver_ = wire::fixed_opening_key();
};

TEST_F(AnnounceVectors, HaveTheirFieldsOrAreRefused) {
  for (const Vector& vector : vectors_) {
    SCOPED_TRACE(vector.name);
    const auto opened = read(vector.bytes);
    ASSERT_EQ(opened.has_value(), vector.good());
    if (!opened) {
      expect_refusal(vector, opened.error());
      continue;
    }
    expect_fields(vector.fields(),
                  json::object{{"stream", opened->info.stream},
                               {"epoch", opened->info.epoch.value()},
                               {"session", opened->info.session.value()},
                               {"started_micros", to_unix_micros(opened->info.started)},
                               {"now_micros", to_unix_micros(opened->sent)},
                               {"session_key", hex_encode(opened->session_key.bytes())}});
  }
}

TEST_F(AnnounceVectors, AreCountedByWhatIsWrong) {
  for (const Vector& vector : vectors_) {
    SCOPED_TRACE(vector.name);
    const bool named_otherwise =
        vector.good() && vector.fields().at("stream").as_string() != "lab-low";
    const std::string counted = named_otherwise ? "wrong-sender-key"
                                : vector.good() ? "accepted"
                                                : vector.text("counted");
    EXPECT_EQ(Receiver().take(vector.bytes),
              std::vector<std::string>{"sluice_link_announces_total " + counted});
  }
}

// With a prefix that says its new length: what is refused is the envelope.
TEST_F(AnnounceVectors, CutAnywhereTheyAreRefused) {
  for (const Vector& vector : vectors_) {
    SCOPED_TRACE(vector.name);
    // Without the hint that stands last it is whole.
    const std::size_t hint = 2 + crypto::KeyId().size();
    for (std::size_t size = wire::kPrefixBytes; vector.good() && size < vector.bytes.size() - hint;
         ++size) {
      ASSERT_FALSE(read(ByteView(vector.bytes).first(size))) << size;
    }
  }
}

// The session key is sealed with a fresh key each time: all else comes out alike.
TEST_F(AnnounceVectors, WhatIsWrittenIsAsLongAndReadsAlike) {
  const Vector& vector = vectors_.front();
  const auto opened = read(vector.bytes);
  const Bytes written = wire::write_announce(opened->info, opened->sent, opened->session_key,
                                             {receiver_.sealing_key()}, wire::fixed_signing_key());
  EXPECT_EQ(written.size(), vector.bytes.size());
  const auto again = read(written);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->info.epoch, opened->info.epoch);
  EXPECT_TRUE(std::ranges::equal(again->session_key.bytes(), opened->session_key.bytes()));
}

}  // namespace
}  // namespace sluice::test
