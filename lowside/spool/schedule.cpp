#include "lowside/spool/schedule.h"

#include <limits>
#include <vector>

namespace sluice::low {

std::set<Schedule::Entry>& Schedule::queue(const proto::SpooledPass& pass) {
  if (pass.number() == 0) {
    return fresh_;
  }
  return pass.asked() ? asked_ : repeats_;
}

Schedule::Entry Schedule::entry(ShipmentSequence sequence, const proto::SpooledPass& pass) {
  return {pass.number() == 0 ? 0 : pass.due_micros(), sequence.value(), pass.number()};
}

void Schedule::add(ShipmentSequence sequence, const proto::SpooledPass& pass) {
  queue(pass).insert(entry(sequence, pass));
}

void Schedule::remove(ShipmentSequence sequence, const proto::SpooledPass& pass) {
  std::set<Entry>& from = queue(pass);
  if (from.erase(entry(sequence, pass)) == 0) {  // it was brought closer
    std::erase_if(from, [&](const Entry& planned) {
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

std::optional<PlannedPass> Schedule::next(UtcTime now) {
  bring_closer(to_unix_micros(now + longest_));
  const std::set<Entry>* from = !fresh_.empty() ? &fresh_ : !asked_.empty() ? &asked_ : &repeats_;
  if (from->empty() || (from == &repeats_ && from->begin()->due_micros > to_unix_micros(now))) {
    return std::nullopt;
  }
  return PlannedPass{ShipmentSequence(from->begin()->sequence), from->begin()->number};
}

}  // namespace sluice::low
