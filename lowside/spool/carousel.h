// Goes round all shipments that are held, again and again: a high side that starts from nothing
// gets what there is, without anybody asking. An iterator over sequence numbers; nothing is
// planned.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>

#include "common/base/clock.h"
#include "common/base/strong.h"
#include "lowside/pipeline/outbox.h"
#include "sluice/stored_spool.pb.h"

namespace sluice::low {

// One thread at a time.
class Carousel {
 public:
  // A round begins at most this often; 0: only when somebody asks for one.
  explicit Carousel(std::chrono::seconds every) : every_(every) {}

  void load(const proto::SpooledCarousel& stored);
  proto::SpooledCarousel stored() const;

  // A round over [oldest, last] begins now, whatever is left of another.
  void begin(ShipmentSequence oldest, ShipmentSequence last, UtcTime now);
  // What comes next, if a round is under way or one is due; `oldest` is the oldest that is held,
  // `last` the highest that was sent. The same until passed(), but for those that are `under_way`.
  std::optional<ShipmentSequence> next(ShipmentSequence oldest, ShipmentSequence last, UtcTime now,
                                       const PassNames& under_way);
  void passed(ShipmentSequence sequence);
  // Handed out and not passed yet: it is to stay held.
  bool in_hand(ShipmentSequence sequence) const { return in_hand_.contains(sequence); }
  std::uint64_t left(ShipmentSequence oldest) const;

 private:
  std::chrono::seconds every_;
  std::uint64_t next_ = 1;
  std::uint64_t last_ = 0;  // below next_: no round is under way
  UtcTime begun_;           // the last round; the first counts from when the spool was made
  std::set<ShipmentSequence> in_hand_;  // of this round
};

}  // namespace sluice::low
