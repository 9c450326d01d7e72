#include "common/crypto/replay_window.h"

#include <algorithm>

namespace sluice::crypto {
namespace {

constexpr std::uint64_t kBits = 64;

}  // namespace

// One word more than the window, so that the word in which `highest_` stands may be partly unused
// and the window behind it is still whole (RFC 6479, section 2).
ReplayWindow::ReplayWindow(std::size_t size)
    : words_(std::max<std::size_t>(1, (size + kBits - 1) / kBits) + 1) {}

ReplayWindow::Verdict ReplayWindow::check_and_mark(std::uint64_t counter) {
  const std::uint64_t window = (words_.size() - 1) * kBits;
  // Counters start at 1; 0 is older than all of them.
  if (counter == 0 || (counter < highest_ && highest_ - counter >= window)) {
    return Verdict::kTooOld;
  }
  const std::uint64_t word = counter / kBits;
  if (counter > highest_) {
    const std::uint64_t stale = std::min<std::uint64_t>(word - highest_ / kBits, words_.size());
    for (std::uint64_t i = 0; i < stale; ++i) {
      words_[(word - i) % words_.size()] = 0;
    }
    highest_ = counter;
  }
  std::uint64_t& bits = words_[word % words_.size()];
  const std::uint64_t bit = std::uint64_t{1} << (counter % kBits);
  if ((bits & bit) != 0) {
    return Verdict::kSeen;
  }
  bits |= bit;
  return Verdict::kFresh;
}

}  // namespace sluice::crypto
