// How the sides start, stop and crash.
#include "tests/simulation/world.h"

namespace sluice::sim {
namespace {

constexpr std::chrono::seconds kRestart{1};

}  // namespace

void World::open_low() {
  low_state_.acting = true;
  auto opened = LowSide::open({.settings = plan_.low,
                               .disk = low_state_.disk,
                               .clock = low_state_.clock,
                               .key = signing_,
                               .receivers = receivers_,
                               .registries = registries_,
                               .upstream_faults = upstream_faults_,
                               .tap = tap_,
                               .random = random_,
                               .counters = low_counters_,
                               .events = low_events_});
  low_state_.acting = false;
  if (!opened) {
    trace_.line("low", "does not start: " + opened.error().message());
    crash(low_state_, low_state_.disk.power_failed());
    return;
  }
  low_ = std::move(*opened);
  trace_.line("low", "has started");
  model_.look_at_spool(low_->spool(), low_state_.disk.index());
  const Epoch epoch = low_->transmission().status().epoch;
  if (epoch <= sent_epoch_) {
    throw Violation("monotonic", "a session begins with an epoch that was used");
  }
  sent_epoch_ = epoch;
  wake_all();
}

void World::open_high() {
  high_state_.acting = true;
  auto opened = HighSide::open({.settings = high_settings_,
                                .disk = high_state_.disk,
                                .clock = high_state_.clock,
                                .key = opening_,
                                .streams = streams_,
                                .source = link_.source(),
                                .tap = tap_,
                                .counters = high_counters_,
                                .events = high_events_});
  high_state_.acting = false;
  if (!opened) {
    trace_.line("high", "does not start: " + opened.error().message());
    crash(high_state_, high_state_.disk.power_failed());
    return;
  }
  high_ = std::move(*opened);
  trace_.line("high", "has started");
  model_.look_at_catalog(*high_, high_state_.disk.index());
  model_.check_all(*high_);
  wake_all();
}

// It ends where it is, without a word.
void World::crash(SideState& side, bool power) {
  trace_.line(side.name, power ? "its power fails" : "is killed");
  side.disk.plan().crash_now();  // destructors must not reach the disk
  (&side == &low_state_) ? low_.reset() : high_.reset();
  side.disk.crash(random_, power);
  if (&side == &high_state_ && plan_.rot && !calm_) {
    rot_a_part();
  }
  side.arm(random_);
  side.reopens = time_.steady_now() + std::chrono::milliseconds(random_.below(3000));
}

// A bit turns in what has arrived of a blob. What is committed shares its bytes with the store,
// where only a scrub would find it: that is left alone.
void World::rot_a_part() {
  Disk& disk = high_state_.disk;
  for (const auto& path : disk.simulated_files().files_below("/high/assembling")) {
    const auto digest = Sha256Digest::from_hex(path.stem().string());
    if (digest && !disk.index().get(store::Family::kBlobInfo, as_text(digest->bytes())).value()) {
      disk.simulated_files().rot(path, random_.next());
      trace_.line(high_state_.name, "rots in " + path.string());
    }
  }
}

void World::stop_low() {
  trace_.line("low", "is stopped");
  low_.reset();
  low_state_.reopens = time_.steady_now() + kRestart;
}

// As the daemon stops: from the link inwards, each stage to its end.
void World::stop_high() {
  trace_.line("high", "is stopped");
  high_state_.acting = true;
  const auto until_idle = [](const auto& step) {
    while (step()) {
    }
  };
  until_idle([&] { return high_->assemble() || high_->keep() || high_->commit(); });
  high_->save_progress();
  until_idle([&] { return high_->keep() || high_->commit(); });
  until_idle([&] { return high_->publish(); });
  high_state_.acting = false;
  look_at_high();
  if (high_ != nullptr) {
    high_.reset();
    high_state_.reopens = time_.steady_now() + kRestart;
  }
}

void World::reopen_due() {
  if (low_ == nullptr && time_.steady_now() >= low_state_.reopens) {
    open_low();
  }
  if (high_ == nullptr && time_.steady_now() >= high_state_.reopens) {
    open_high();
  }
}

}  // namespace sluice::sim
