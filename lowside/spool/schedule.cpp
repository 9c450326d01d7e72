#include "lowside/spool/schedule.h"

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
  queue(pass).erase(entry(sequence, pass));
}

std::optional<PlannedPass> Schedule::next(UtcTime now) const {
  const std::set<Entry>* from = !fresh_.empty() ? &fresh_ : !asked_.empty() ? &asked_ : &repeats_;
  if (from->empty() || (from == &repeats_ && from->begin()->due_micros > to_unix_micros(now))) {
    return std::nullopt;
  }
  return PlannedPass{ShipmentSequence(from->begin()->sequence), from->begin()->number};
}

}  // namespace sluice::low
