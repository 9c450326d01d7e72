#include "highside/receive/block_window.h"

#include <algorithm>

#include "common/base/present.h"

namespace sluice::high {
BlockWindow::BlockWindow(std::size_t window, std::chrono::milliseconds grace, bool from_the_start,
                         DecoderPool& pool)
    : window_(window), grace_(grace), pool_(pool), slots_(2 * window), joined_(from_the_start) {
  SLUICE_ASSERT(window > 0);
}

BlockWindow::~BlockWindow() {
  for (Slot& slot : slots_) {
    release(slot);
  }
}

MutableByteView BlockWindow::place(const wire::SymbolHeader& header) {
  Slot& collecting = slot(header.block.value());
  return collecting.state == State::kCollecting && collecting.number == header.block.value() &&
                 collecting.decoder->geometry() == header.geometry
             ? collecting.decoder->place(header.ordinal)
             : MutableByteView();
}

BlockWindow::Took BlockWindow::add(const wire::SymbolHeader& header, ByteView payload,
                                   SteadyTime now) {
  const std::uint64_t number = header.block.value();
  if (!joined_) {
    // Up to window - 1 blocks on either side of this one may be in flight.
    join(number >= window_ ? number - window_ + 1 : 0, number + window_);
  }
  if (number >= floor_ + window_) {
    settle_below(number - window_ + 1);
  }
  switch (state_of(number)) {
    case State::kWhole:
      return Took::kSurplus;
    case State::kLost: {
      const Slot& known = slot(number);
      return known.number == number && known.no_memory ? Took::kNoMemory : Took::kLate;
    }
    case State::kNothing:
      if (!begin(number, header.geometry)) {
        return Took::kNoMemory;
      }
      break;
    case State::kCollecting:
      break;
  }
  fec::Decoder& decoder = *slot(number).decoder;
  if (!(decoder.geometry() == header.geometry)) {
    return Took::kMismatch;
  }
  if (decoder.add(header.ordinal, payload) != fec::Decoder::Added::kNew) {
    return Took::kSurplus;
  }
  if (sent_ && number < sent_->below) {
    sent_->deadline = now + grace_;
  }
  if (!decoder.complete()) {
    return Took::kCollected;
  }
  SLUICE_ASSERT(!whole_);
  whole_ = number;
  return Took::kWhole;
}

BlockWindow::State BlockWindow::state_of(std::uint64_t number) {
  const Slot& found = slot(number);
  if (found.number == number && found.state != State::kNothing) {
    return found.state;
  }
  return number < floor_ ? State::kLost : State::kNothing;
}

void BlockWindow::join(std::uint64_t floor, std::uint64_t report_from) {
  joined_ = true;
  floor_ = floor;
  end_ = floor;
  report_from_ = report_from;
}

// The oldest blocks make room: what a sender begins is newer than what it has sent whole, so that
// with memory for its window they are lost anyhow.
bool BlockWindow::begin(std::uint64_t number, const fec::Geometry& geometry) {
  end_ = std::max(end_, number + 1);
  if (!pool_.ever_fits(geometry)) {
    return false;
  }
  auto decoder = pool_.take(geometry);
  while (decoder == nullptr && give_up_one_before(number)) {
    decoder = pool_.take(geometry);
  }
  if (decoder == nullptr) {
    return false;
  }
  Slot& fresh = slot(number);
  SLUICE_ASSERT(fresh.decoder == nullptr);
  fresh = {.number = number,
           .state = State::kCollecting,
           .geometry = geometry,
           .decoder = std::move(decoder)};
  ++collecting_;
  return true;
}

bool BlockWindow::give_up_one_before(std::uint64_t number) {
  std::uint64_t oldest = floor_;
  while (oldest < number && state_of(oldest) != State::kCollecting) {
    ++oldest;
  }
  if (oldest == number) {
    return false;
  }
  settle_below(oldest + 1);
  slot(oldest).no_memory = true;
  return true;
}

BlockWindow::Whole BlockWindow::take_whole() {
  Slot& done = slot(present(std::exchange(whole_, std::nullopt)));
  const std::uint32_t recovered = done.decoder->finish().recovered;
  Whole whole{
      .number = BlockNumber(done.number), .bytes = done.decoder->release(), .recovered = recovered};
  release(done);
  done.state = State::kWhole;
  settle_below(floor_);
  return whole;
}

void BlockWindow::sent_below(BlockNumber next, SteadyTime now) {
  if (!joined_) {
    join(next.value(), next.value() + window_);
  }
  end_ = std::max(end_, next.value());
  if (!sent_ && next.value() > floor_) {
    sent_ = {.below = next.value(), .deadline = now + grace_};
  }
}

void BlockWindow::tick(SteadyTime now) {
  if (sent_ && now >= sent_->deadline) {
    settle_below(sent_->below);
    sent_.reset();
  }
}

void BlockWindow::give_up() {
  settle_below(end_);
  sent_.reset();
}

void BlockWindow::settle_below(std::uint64_t limit) {
  for (const std::uint64_t known = std::min(limit, floor_ + window_); floor_ < known; ++floor_) {
    Slot& passed = slot(floor_);
    if (state_of(floor_) == State::kWhole) {
      continue;
    }
    release(passed);
    passed = {.number = floor_, .state = State::kLost, .geometry = {}, .decoder = nullptr};
    lose(floor_, 1);
  }
  if (limit > floor_) {
    lose(floor_, limit - floor_);
    floor_ = limit;
  }
  while (state_of(floor_) == State::kWhole) {
    ++floor_;
  }
  if (sent_ && sent_->below <= floor_) {
    sent_.reset();
  }
}

void BlockWindow::lose(std::uint64_t first, std::uint64_t count) {
  const std::uint64_t end = first + count;
  first = std::max(first, report_from_);
  if (first >= end) {
    return;
  }
  if (!lost_.empty() && lost_.back().first.value() + lost_.back().count == first) {
    lost_.back().count += end - first;
  } else {
    lost_.push_back({.first = BlockNumber(first), .count = end - first});
  }
}

std::vector<BlockWindow::Range> BlockWindow::take_lost() { return std::exchange(lost_, {}); }

void BlockWindow::release(Slot& slot) {
  if (slot.decoder != nullptr) {
    pool_.give_back(std::move(slot.decoder), slot.geometry);
    --collecting_;
  }
}

}  // namespace sluice::high
