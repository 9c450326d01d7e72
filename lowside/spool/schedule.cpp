#include "lowside/spool/schedule.h"

#include <limits>
#include <vector>

namespace sluice::low {

void Schedule::add(ShipmentSequence sequence, const proto::SpooledPass& pass) {
  if (pass.number() == 0) {
    fresh_.insert(sequence.value());
  } else {
    repeats_.insert({pass.due_micros(), sequence.value(), pass.number()});
  }
}

void Schedule::remove(ShipmentSequence sequence, const proto::SpooledPass& pass) {
  if (pass.number() == 0) {
    fresh_.erase(sequence.value());
  } else if (repeats_.erase({pass.due_micros(), sequence.value(), pass.number()}) == 0) {
    // It was brought closer.
    std::erase_if(repeats_, [&](const Entry& planned) {
      return planned.sequence == sequence.value() && planned.number == pass.number();
    });
  }
}

void Schedule::bring_closer(std::int64_t latest_micros) {
  const auto beyond =
      repeats_.upper_bound(Entry{latest_micros, std::numeric_limits<std::uint64_t>::max(),
                                 std::numeric_limits<std::uint32_t>::max()});
  if (beyond == repeats_.end()) {
    return;
  }
  const std::int64_t by = beyond->due_micros - latest_micros;
  std::vector<Entry> moved(beyond, repeats_.end());
  repeats_.erase(beyond, repeats_.end());
  for (Entry& planned : moved) {
    planned.due_micros -= by;
    repeats_.insert(planned);
  }
}

std::optional<PlannedPass> Schedule::next_fresh() const {
  return fresh_.empty() ? std::nullopt
                        : std::optional(PlannedPass{ShipmentSequence(*fresh_.begin()), 0});
}

std::vector<ShipmentSequence> Schedule::fresh_among(ShipmentSequence first,
                                                    ShipmentSequence last) const {
  std::vector<ShipmentSequence> among;
  for (auto at = fresh_.lower_bound(first.value()); at != fresh_.end() && *at <= last.value();
       ++at) {
    among.emplace_back(*at);
  }
  return among;
}

std::optional<PlannedPass> Schedule::next_repeat(UtcTime now) {
  bring_closer(to_unix_micros(now + longest_));
  if (repeats_.empty() || repeats_.begin()->due_micros > to_unix_micros(now)) {
    return std::nullopt;
  }
  return PlannedPass{ShipmentSequence(repeats_.begin()->sequence), repeats_.begin()->number};
}

}  // namespace sluice::low
