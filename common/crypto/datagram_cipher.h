// AES-256-GCM for datagrams (aead.h says by which library). The nonce is lane (4 bytes) || counter
// (8 bytes), little-endian. A session's key is fresh and random, and a Sealer owns a lane's
// counter, so that no nonce is used twice.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <utility>

#include "common/base/bytes.h"
#include "common/base/error.h"
#include "common/base/strong.h"

namespace sluice::crypto {

inline constexpr std::size_t kTagBytes = 16;

class Aead;

// 32 random bytes, wiped when they go.
class SessionKey {
 public:
  static SessionKey generate();
  static Result<SessionKey> from_bytes(ByteView bytes);
  ByteView bytes() const { return bytes_; }
  SessionKey(SessionKey&&) noexcept;
  SessionKey& operator=(SessionKey&&) noexcept;
  SessionKey(const SessionKey&) = default;
  SessionKey& operator=(const SessionKey&) = default;
  ~SessionKey();

 private:
  SessionKey() = default;
  std::array<std::uint8_t, 32> bytes_{};
};

// One lane's sender. One thread. Exactly one Sealer may exist for each (session key, lane).
class Sealer {
 public:
  Sealer(const SessionKey& key, LaneId lane);
  Sealer(Sealer&&) noexcept;
  ~Sealer();

  // The right to seal one datagram under one counter: move-only, used up by seal(). Good for its
  // own Sealer only, which must outlive it.
  class Ticket {
   public:
    std::uint64_t counter() const { return counter_; }
    Ticket(Ticket&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)), counter_(other.counter_) {}
    Ticket& operator=(Ticket&&) = delete;

   private:
    friend class Sealer;
    Ticket(const void* owner, std::uint64_t counter) : owner_(owner), counter_(counter) {}
    const void* owner_;
    std::uint64_t counter_;
  };
  Ticket next();  // counters start at 1

  // Encrypts `text` into `sealed`, which has the same size and is either the same memory or apart
  // from it, and writes the tag; `header` is authenticated with it. Allocates nothing.
  void seal(Ticket ticket, ByteView header, ByteView text, MutableByteView sealed,
            std::span<std::uint8_t, kTagBytes> tag);
  // The same, in place.
  void seal(Ticket ticket, ByteView header, MutableByteView text,
            std::span<std::uint8_t, kTagBytes> tag) {
    seal(std::move(ticket), header, text, text, tag);
  }

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A session's receiver, for all lanes. One thread.
class Opener {
 public:
  explicit Opener(const SessionKey& key);
  Opener(Opener&&) noexcept;
  Opener& operator=(Opener&&) noexcept;
  ~Opener();

  // Decrypts `sealed` into `text`, which has the same size and is either the same memory or apart
  // from it. False, with `text` undefined, if header, text or tag are not what was sealed under
  // this lane and counter.
  bool open(LaneId lane, std::uint64_t counter, ByteView header, ByteView sealed,
            MutableByteView text, std::span<const std::uint8_t, kTagBytes> tag);
  // The same, in place.
  bool open(LaneId lane, std::uint64_t counter, ByteView header, MutableByteView text,
            std::span<const std::uint8_t, kTagBytes> tag) {
    return open(lane, counter, header, text, text, tag);
  }

 private:
  std::unique_ptr<Aead> aead_;
};

}  // namespace sluice::crypto
