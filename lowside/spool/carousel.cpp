#include "lowside/spool/carousel.h"

#include <algorithm>

namespace sluice::low {

void Carousel::load(const proto::SpooledCarousel& stored) {
  next_ = std::max<std::uint64_t>(stored.next(), 1);
  last_ = stored.last();
  begun_ = from_unix_micros(stored.begun_micros());
}

proto::SpooledCarousel Carousel::stored() const {
  proto::SpooledCarousel stored;
  stored.set_next(next_);
  stored.set_last(last_);
  stored.set_begun_micros(to_unix_micros(begun_));
  return stored;
}

void Carousel::begin(ShipmentSequence oldest, ShipmentSequence last, UtcTime now) {
  next_ = oldest.value();
  last_ = last.value();
  begun_ = now;
  in_hand_.clear();
}

std::optional<ShipmentSequence> Carousel::next(ShipmentSequence oldest, ShipmentSequence last,
                                               UtcTime now, const PassNames& under_way) {
  const auto is_under_way = [&under_way](ShipmentSequence sequence) {
    return std::ranges::find(under_way, sequence, &PassName::sequence) != under_way.end();
  };
  std::erase_if(in_hand_, [&](ShipmentSequence sequence) { return !is_under_way(sequence); });
  if (next_ > last_ && every_.count() > 0) {
    begun_ = std::min(begun_, now);  // the clock was set back: no round waits for longer
    if (now - begun_ >= every_) {
      begin(oldest, last, now);
    }
  }
  next_ = std::max(next_, oldest.value());  // what was dropped meanwhile
  ShipmentSequence found(next_);
  while (in_hand(found)) {
    found = found.next();
  }
  // One that is under way since before this round began has its turn when it has been sent.
  if (found.value() > last_ || is_under_way(found)) {
    return std::nullopt;
  }
  in_hand_.insert(found);
  return found;
}

void Carousel::passed(ShipmentSequence sequence) {
  if (in_hand_.erase(sequence) > 0) {
    next_ = std::max(next_, sequence.value() + 1);
  }
}

std::uint64_t Carousel::left(ShipmentSequence oldest) const {
  const std::uint64_t from = std::max(next_, oldest.value());
  return from <= last_ ? last_ - from + 1 : 0;
}

}  // namespace sluice::low
