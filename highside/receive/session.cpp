#include "highside/receive/session.h"

namespace sluice::high {
namespace {

// A session whose first authentic datagram has at most this counter was heard from its start:
// counters begin with 1, and three heartbeats go before the first symbol.
constexpr std::uint64_t kFromTheStart = 64;

}  // namespace

std::uint64_t Lane::missing() const {
  return authentic == 0 ? 0 : replay.highest() - first_counter + 1 - authentic;
}

Session::Session(const wire::OpenedAnnounce& announce, const ReceiveSettings& settings,
                 LanePools& pools)
    : info_(announce.info), settings_(settings), pools_(pools), opener_(announce.session_key) {}

MutableByteView Session::place(const wire::SymbolHeader& header) {
  const auto& known = lanes_.at(header.lane.value());
  return known == nullptr ? MutableByteView() : known->blocks.place(header);
}

Session::Opened Session::open(LaneId id, std::uint64_t counter, ByteView header, ByteView sealed,
                              MutableByteView text,
                              std::span<const std::uint8_t, crypto::kTagBytes> tag) {
  if (!opener_.open(id, counter, header, sealed, text, tag)) {
    return Opened::kBadTag;
  }
  if (!heard_) {
    heard_ = true;
    from_the_start_ = counter <= kFromTheStart;
  }
  Lane& from = lane(id);
  switch (from.replay.check_and_mark(counter)) {
    case crypto::ReplayWindow::Verdict::kSeen:
      return Opened::kReplayed;
    case crypto::ReplayWindow::Verdict::kTooOld:
      return Opened::kTooOld;
    case crypto::ReplayWindow::Verdict::kFresh:
      break;
  }
  if (from.first_counter == 0) {
    from.first_counter = counter;
  }
  // One that overtook the first and comes after it was sent before: it counts for neither.
  from.authentic += counter >= from.first_counter ? 1 : 0;
  return Opened::kFresh;
}

Lane& Session::lane(LaneId id) {
  auto& found = lanes_.at(id.value());
  if (found == nullptr) {
    found = std::make_unique<Lane>(settings_, from_the_start_, pools_.at(id.value()));
  }
  return *found;
}

}  // namespace sluice::high
