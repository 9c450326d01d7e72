// What befalls the sides and the link while there is trouble.
#include "common/wire/resend_code.h"
#include "tests/simulation/world.h"

namespace sluice::sim {
namespace {

using std::chrono::milliseconds;

// Of a turn. Something new at the registries every 80 turns, everything else about as often
// together.
constexpr double kChange = 0.012;
constexpr double kLook = 0.02;
constexpr double kTrouble = 0.02;
constexpr std::uint64_t kTroubles = 14;  // as many cases as there are below

}  // namespace

void World::befall() {
  if (random_.chance(kChange)) {
    random_.pick(registries_)->evolve();
    trace_.line("world", "a registry has changed");
  }
  if (random_.chance(kLook)) {
    check_something();
  }
  for (SideState* const side : {&low_state_, &high_state_}) {
    if ((side->full || side->errors > 0) && time_.steady_now() >= side->trouble_ends) {
      side->full = false;
      side->errors = 0;
      trace_.line(side->name, "its disk works again");
    }
  }
  if (!random_.chance(kTrouble)) {
    return;
  }
  SideState& side = random_.chance(0.5) ? low_state_ : high_state_;
  const bool up = &side == &low_state_ ? low_ != nullptr : high_ != nullptr;
  switch (random_.below(kTroubles)) {
    case 0:
      if (plan_.changing_weather) {
        link_.set_faults(draw_weather(random_));
        trace_.line("link", "the weather changes");
      }
      break;
    case 1:
      if (plan_.silence) {
        link_.set_faults(random_.chance(0.5) ? test::LinkFaults{.loss = 1} : plan_.link);
        trace_.line("link", "is silent, or no longer");
      }
      break;
    case 2:
    case 3:
      if (plan_.replays) {
        adversary_.replay();
        trace_.line("link", "a recording is played");
      }
      break;
    case 4:
      if (plan_.forgeries) {
        adversary_.forge();
        trace_.line("link", "forgeries arrive");
      }
      break;
    case 5:
      if (plan_.send_failures) {
        tap_.fail_next();
      }
      break;
    case 6:
      if (plan_.restarts && up) {
        &side == &low_state_ ? stop_low() : stop_high();
      }
      break;
    case 7:
      if (plan_.crashes && up) {
        crash(side, false);
      }
      break;
    case 8:
      if (plan_.power_failures && up) {
        side.disk.plan().crash_at(side.disk.plan().count() + random_.below(40));
      }
      break;
    case 9:
    case 10:
      trouble_disk(side);
      break;
    case 11:
      if (plan_.clock_steps) {
        side.clock.step_date(std::chrono::seconds(random_.below(7200)) - std::chrono::hours(1));
        trace_.line(side.name, "its clock steps");
      }
      break;
    case 12:
      resend_all();
      break;
    default:
      resend_gaps();
      break;
  }
}

void World::trouble_disk(SideState& side) {
  if (plan_.full_disks && random_.chance(0.5)) {
    side.full = true;
    trace_.line(side.name, "its disk is full");
  } else if (plan_.disk_errors) {
    side.errors = 0.01 * static_cast<double>(random_.between(1, 10));
    trace_.line(side.name, "its disk fails now and then");
  }
  side.trouble_ends = time_.steady_now() + milliseconds(random_.below(3000));
}

void World::end_troubles() {
  link_.set_faults({});
  link_.flush();
  upstream_faults_ = {};
  for (SideState* const side : {&low_state_, &high_state_}) {
    side->full = false;
    side->errors = 0;
    side->disk.plan().clear();  // a power failure that was to come
    side->arm(random_);
  }
}

void World::resend_all() {
  if (low_ == nullptr) {
    return;
  }
  low_state_.acting = true;
  const auto planned = low_->spool().resend_all();
  low_state_.acting = false;
  trace_.line("world", planned ? "everything is to be sent again"
                               : "cannot begin a round: " + planned.error().message());
  look_at_low();
  wake_all();
}

// What an operator does who carries the codes of what is missing to the low side.
void World::resend_gaps() {
  if (low_ == nullptr || high_ == nullptr) {
    return;
  }
  std::vector<low::SequenceRange> ranges;
  for (const high::Gap& gap : high_->publisher().gaps(1000, 0)) {
    if (gap.resendable && gap.first >= low_->spool().oldest_held() &&
        gap.last <= low_->spool().highest_made()) {
      ranges.push_back({gap.first, gap.last});
    }
  }
  std::vector<low::SequenceRange> typed;
  for (const wire::ResendCode& code : wire::resend_codes(Plan::kStream, ranges).codes) {
    const auto read = wire::read_resend_code(code.text, Plan::kStream).value();
    typed.insert(typed.end(), read.begin(), read.end());
  }
  low_state_.acting = true;
  const auto planned = low_->spool().resend(typed);
  low_state_.acting = false;
  trace_.line("world", planned ? std::to_string(*planned) + " shipments are to be sent again"
                               : "cannot plan a resend: " + planned.error().message());
  look_at_low();
  wake_all();
}

void World::check_something() {
  if (high_ == nullptr) {
    return;
  }
  if (random_.chance(0.1)) {
    model_.check_gaps(*high_, 0);
    return;
  }
  model_.check_document(*high_, model_.some_document(random_));
  model_.check_edition(*high_, random_.below(model_.edition() + 1));
}

}  // namespace sluice::sim
