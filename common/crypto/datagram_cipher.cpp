#include "common/crypto/datagram_cipher.h"

#include <algorithm>

#include "common/crypto/aead.h"
#include "common/crypto/guarded.h"
#include "common/crypto/random.h"

namespace sluice::crypto {
namespace {

Nonce nonce_of(LaneId lane, std::uint64_t counter) {
  Nonce nonce{};  // the lane's upper three bytes stay zero
  nonce[0] = lane.value();
  for (std::size_t i = 0; i < 8; ++i) {
    nonce[4 + i] = static_cast<std::uint8_t>(counter >> (8 * i));
  }
  return nonce;
}

}  // namespace

SessionKey SessionKey::generate() {
  SessionKey key;
  fill_random(key.bytes_);
  return key;
}

Result<SessionKey> SessionKey::from_bytes(ByteView bytes) {
  SessionKey key;
  if (bytes.size() != key.bytes_.size()) {
    return Error{ErrorCode::kInvalid, "session key",
                 "has " + std::to_string(bytes.size()) + " bytes instead of 32", ""};
  }
  std::ranges::copy(bytes, key.bytes_.begin());
  return key;
}

SessionKey::SessionKey(SessionKey&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }

SessionKey& SessionKey::operator=(SessionKey&& other) noexcept {
  if (this != &other) {
    bytes_ = other.bytes_;
    wipe(other.bytes_);
  }
  return *this;
}

SessionKey::~SessionKey() { wipe(bytes_); }

struct Sealer::State {
  std::unique_ptr<Aead> aead;
  LaneId lane;
  std::uint64_t last = 0;
};

Sealer::Sealer(const SessionKey& key, LaneId lane)
    : state_(std::make_unique<State>(State{make_aead(key), lane, 0})) {}
Sealer::Sealer(Sealer&&) noexcept = default;
Sealer::~Sealer() = default;

Sealer::Ticket Sealer::next() {
  SLUICE_ASSERT(state_->last != UINT64_MAX);
  return Ticket(state_.get(), ++state_->last);
}

void Sealer::seal(Ticket ticket, ByteView header, ByteView text, MutableByteView sealed,
                  std::span<std::uint8_t, kTagBytes> tag) {
  SLUICE_ASSERT(ticket.owner_ == state_.get());  // another lane's ticket, or one that was used
  SLUICE_ASSERT(sealed.size() == text.size());
  std::ranges::copy(
      state_->aead->seal(nonce_of(state_->lane, ticket.counter_), header, text, sealed.data()),
      tag.begin());
}

Opener::Opener(const SessionKey& key) : aead_(make_aead(key)) {}
Opener::Opener(Opener&&) noexcept = default;
Opener& Opener::operator=(Opener&&) noexcept = default;
Opener::~Opener() = default;

bool Opener::open(LaneId lane, std::uint64_t counter, ByteView header, ByteView sealed,
                  MutableByteView text, std::span<const std::uint8_t, kTagBytes> tag) {
  SLUICE_ASSERT(sealed.size() == text.size());
  return aead_->open(nonce_of(lane, counter), header, sealed, text.data(), tag);
}

}  // namespace sluice::crypto
