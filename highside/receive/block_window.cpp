#include "highside/receive/block_window.h"

#include <algorithm>

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
    case State::kLost:
      return Took::kLate;
    case State::kNothing:
      begin(number, header.geometry);
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
  complete(slot(number));
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

void BlockWindow::begin(std::uint64_t number, const fec::Geometry& geometry) {
  Slot& fresh = slot(number);
  SLUICE_ASSERT(fresh.decoder == nullptr);
  if (pool_.empty()) {
    pool_.push_back(std::make_unique<fec::Decoder>());
  }
  fresh = {.number = number, .state = State::kCollecting, .decoder = std::move(pool_.back())};
  pool_.pop_back();
  fresh.decoder->reset(geometry);
  ++collecting_;
  end_ = std::max(end_, number + 1);
}

void BlockWindow::complete(Slot& slot) {
  SLUICE_ASSERT(!whole_);
  const std::uint32_t recovered = slot.decoder->finish().recovered;
  whole_ = {
      .number = BlockNumber(slot.number), .bytes = slot.decoder->release(), .recovered = recovered};
  release(slot);
  slot.state = State::kWhole;
  settle_below(floor_);
}

BlockWindow::Whole BlockWindow::take_whole() {
  SLUICE_ASSERT(whole_);
  Whole whole = std::move(*whole_);
  whole_.reset();
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
    passed = {.number = floor_, .state = State::kLost, .decoder = nullptr};
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
    pool_.push_back(std::move(slot.decoder));
    --collecting_;
  }
}

}  // namespace sluice::high
