// Announces: whoever signs, and to whomever keys are sealed.
#include "common/wire/announce.h"

#include "common/base/limits.h"
#include "common/wire/datagram.h"
#include "common/wire/envelope.h"
#include "sluice/wire.pb.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/keys.h"

namespace sluice::fuzz {
namespace {

// Sealing costs more than all else, and one box is like another.
struct Sealed {
  crypto::SessionKey key = wire::fixed_session_key();
  Bytes ours = opening_key().sealing_key().seal(key.bytes());
  Bytes theirs = foreign_opening_key().sealing_key().seal(key.bytes());
};
const Sealed& sealed() {
  static const Sealed made;
  return made;
}

std::string string_of(ByteView bytes) { return std::string(as_text(bytes)); }

void add_key(Input& input, proto::SealedKey& key) {
  const std::size_t id = input.choice(4);
  key.set_receiver_key_id(id == 0   ? string_of(opening_key().sealing_key().id())
                          : id == 1 ? string_of(foreign_opening_key().sealing_key().id())
                                    : input.text());
  switch (input.choice(4)) {
    case 0:
      key.set_sealed(string_of(sealed().ours));
      break;
    case 1:
      key.set_sealed(string_of(sealed().theirs));
      break;
    case 2: {  // one byte turned
      std::string box = string_of(sealed().ours);
      box[input.u8() % box.size()] ^= static_cast<char>(1U << input.choice(8));
      key.set_sealed(box);
      break;
    }
    default:
      key.set_sealed(input.text());
      break;
  }
}

std::string built_announce(Input& input) {
  proto::Announce announce;
  announce.set_stream(input.flag() ? "lab-low" : input.text());
  announce.set_epoch(input.u64());
  announce.set_session(input.u64());
  announce.set_started_micros(input.i64());
  announce.set_now_micros(input.i64());
  for (std::size_t keys = input.choice(12); keys > 0; --keys) {
    add_key(input, *announce.add_keys());
  }
  return announce.SerializeAsString() + input.text();
}

void check(const wire::OpenedAnnounce& announce) {
  SLUICE_ASSERT(wire::valid_stream_name(announce.info.stream));
  SLUICE_ASSERT(std::ranges::equal(announce.session_key.bytes(), sealed().key.bytes()));
  SLUICE_ASSERT(!format_rfc3339(announce.sent).empty() &&
                !format_rfc3339(announce.info.started).empty());
}

// What was read, written again: it reads the same, and is one packet.
void write_again(const wire::OpenedAnnounce& announce) {
  const std::vector receivers{opening_key().sealing_key()};
  const Bytes datagram = wire::write_announce(announce.info, announce.sent, announce.session_key,
                                              receivers, signing_key());
  SLUICE_ASSERT(datagram.size() <= wire::kMaxAnnounceBytes);
  const auto parsed = wire::parse(datagram);
  SLUICE_ASSERT(std::holds_alternative<wire::Header>(parsed));
  const auto again = wire::read_announce(ByteView(datagram).subspan(wire::kPrefixBytes),
                                         verify_key(), opening_key());
  SLUICE_ASSERT(again && again->info.stream == announce.info.stream &&
                again->info.epoch == announce.info.epoch &&
                again->info.session == announce.info.session && again->sent == announce.sent);
}

void read(ByteView envelope, bool rewrite) {
  const auto ours = wire::read_announce(envelope, verify_key(), opening_key());
  const auto theirs = wire::read_announce(envelope, verify_key(), foreign_opening_key());
  SLUICE_ASSERT(!wire::read_announce(envelope, foreign_signing_key().verify_key(), opening_key()));
  for (const auto* opened : {&ours, &theirs}) {
    if (*opened) {
      check(**opened);
    }
  }
  if (ours && rewrite) {
    write_again(*ours);
  }
}

}  // namespace
}  // namespace sluice::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  fuzz::Input input(data, size);
  const std::size_t way = input.choice(8);
  if (way == 0) {
    fuzz::read(input.rest(), false);
    return 0;
  }
  // A signature for another place must not hold here.
  const bool other_domain = way == 1;
  const std::string payload =
      way < 4 ? std::string(input.rest_text()) : fuzz::built_announce(input);
  const std::string envelope =
      wire::write_envelope(other_domain ? crypto::Domain::kShipment : crypto::Domain::kAnnounce,
                           payload, fuzz::signing_key());
  if (other_domain) {
    SLUICE_ASSERT(
        !wire::read_announce(as_bytes(envelope), fuzz::verify_key(), fuzz::opening_key()));
    return 0;
  }
  fuzz::read(as_bytes(envelope), way == 7);
  return 0;
}
