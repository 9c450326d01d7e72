// One session of a sender: its key, and for each lane what was seen of it.
#pragma once

#include <array>
#include <memory>

#include "common/base/limits.h"
#include "common/crypto/datagram_cipher.h"
#include "common/crypto/replay_window.h"
#include "common/wire/announce.h"
#include "highside/receive/block_window.h"
#include "highside/receive/settings.h"

namespace sluice::high {

// One for each of limits::kMaxLanes of a stream; the session before the current one shares it.
using LanePools = std::vector<DecoderPool>;

struct Lane {
  Lane(const ReceiveSettings& settings, bool from_the_start, DecoderPool& pool)
      : replay(settings.replay_window),
        blocks(settings.window, settings.grace, from_the_start, pool) {}

  crypto::ReplayWindow replay;
  BlockWindow blocks;
  std::uint64_t first_counter = 0;  // of its first authentic datagram; 0: none yet
  std::uint64_t authentic = 0;      // fresh datagrams since then
  SteadyTime heard;                 // its latest heartbeat, or when another lane's first named it
  bool silent = false;              // that is too long ago, which was told

  // Datagrams sent since the first that never came, or have not come yet.
  std::uint64_t missing() const;
};

// One thread. `pools` must outlive it.
class Session {
 public:
  Session(const wire::OpenedAnnounce& announce, const ReceiveSettings& settings, LanePools& pools);

  const wire::SessionInfo& info() const { return info_; }

  // Where the payload of this symbol, authentic or not, is best decrypted to; empty: in place.
  MutableByteView place(const wire::SymbolHeader& header);
  // Decrypts `sealed` into `text` (the same memory or apart from it) and asks the replay window;
  // nothing of the session changes unless the datagram is authentic.
  enum class Opened { kFresh, kBadTag, kReplayed, kTooOld };
  Opened open(LaneId lane, std::uint64_t counter, ByteView header, ByteView sealed,
              MutableByteView text, std::span<const std::uint8_t, crypto::kTagBytes> tag);

  // Of a lane named by something authentic.
  Lane& lane(LaneId id);
  // All lanes heard of: calls `each` with LaneId and Lane.
  template <class Each>
  void for_each_lane(const Each& each) {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      if (lanes_[i] != nullptr) {
        each(LaneId(static_cast<std::uint8_t>(i)), *lanes_[i]);
      }
    }
  }

 private:
  wire::SessionInfo info_;
  const ReceiveSettings& settings_;
  LanePools& pools_;
  crypto::Opener opener_;
  bool heard_ = false;
  bool from_the_start_ = false;
  std::array<std::unique_ptr<Lane>, limits::kMaxLanes> lanes_;
};

}  // namespace sluice::high
