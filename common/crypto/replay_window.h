// Which counters of a lane were seen already (RFC 6479's sliding bitmap). Asked only after a
// datagram has been authenticated.
#pragma once

#include <cstdint>
#include <vector>

namespace sluice::crypto {

class ReplayWindow {
 public:
  // Remembers the last `size` counters, rounded up to a multiple of 64. Reordering further back
  // than that counts as a replay.
  explicit ReplayWindow(std::size_t size);

  enum class Verdict { kFresh, kSeen, kTooOld };
  // Marks a fresh counter as seen.
  Verdict check_and_mark(std::uint64_t counter);
  std::uint64_t highest() const { return highest_; }

 private:
  std::vector<std::uint64_t> words_;
  std::uint64_t highest_ = 0;
};

}  // namespace sluice::crypto
