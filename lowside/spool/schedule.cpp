#include "lowside/spool/schedule.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace sluice::low {
namespace {

bool among(const PassName& pass, const PassNames& all) {
  return std::ranges::find(all, pass) != all.end();
}

}  // namespace

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

std::optional<PassName> Schedule::next_fresh(const PassNames& under_way) const {
  for (const std::uint64_t sequence : fresh_) {
    const PassName fresh{ShipmentSequence(sequence), 0};
    if (!among(fresh, under_way)) {
      return fresh;
    }
  }
  return std::nullopt;
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

std::optional<PassName> Schedule::next_repeat(UtcTime now, const PassNames& under_way) {
  bring_closer(to_unix_micros(now + longest_));
  for (const Entry& planned : repeats_) {
    if (planned.due_micros > to_unix_micros(now)) {
      break;
    }
    const PassName repeat{ShipmentSequence(planned.sequence), planned.number};
    if (!among(repeat, under_way)) {
      return repeat;
    }
  }
  return std::nullopt;
}

}  // namespace sluice::low
