#include "tests/simulation/world.h"

#include <algorithm>

namespace sluice::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The reader must be ticked every 100 ms.
constexpr milliseconds kTick{90};
// How often time passes although somebody could act.
constexpr double kLate = 0.02;
// Turns of a settling that never ends: far more than any needs.
constexpr std::uint64_t kMaxTurns = 300'000;

Random seeded(std::uint64_t seed) {
  seed_sodium(seed);
  return Random(seed);
}

}  // namespace

World::World(std::uint64_t seed, Trace& trace)
    : trace_(trace),
      random_(seeded(seed)),
      plan_(draw_plan(random_)),
      upstream_faults_(plan_.upstream),
      link_(random_.next(), plan_.link),
      tap_(link_, random_),
      adversary_(link_, tap_, random_),
      signing_(crypto::SigningKey::generate()),
      opening_(crypto::OpeningKey::generate()),
      receivers_{opening_.sealing_key()},
      streams_{{.name = Plan::kStream, .key = signing_.verify_key()}},
      high_settings_(plan_.high),
      low_events_(trace, "low "),
      high_events_(trace, "high"),
      model_(Plan::kStream, registries_, trace),
      low_state_("low", time_),
      high_state_("high", time_) {
  trace_.clock(time_);
  high_settings_.assemble.streams.emplace(Plan::kStream, signing_.verify_key());
  constexpr std::array kNames{"alpha", "beta", "gamma"};
  for (std::size_t i = 0; i < plan_.registries; ++i) {
    registries_.push_back(std::make_unique<Registry>(kNames[i], random_.next()));
    registries_.back()->evolve();
  }
  low_state_.arm(random_);
  high_state_.arm(random_);
  add_actors();
}

World::~World() = default;

void World::add_actors() {
  for (std::size_t i = 0; i < plan_.registries; ++i) {
    actors_.push_back({"poll", false, [this, i] {
                         const bool due = low_->poll_due(i);
                         if (due) {
                           low_->poll(i);
                         }
                         return due;
                       }});
  }
  actors_.push_back({"build", false, [this] { return low_->build(); }});
  for (std::size_t i = 0; i < plan_.low.lanes; ++i) {
    actors_.push_back({"send", false, [this, i] { return low_->send(i); }});
  }
  actors_.push_back({"deliver", true, [this] { return high_->deliver(); }});
  actors_.push_back({"assemble", true, [this] { return high_->assemble(); }});
  actors_.push_back({"keep", true, [this] { return high_->keep(); }});
  actors_.push_back({"commit", true, [this] { return high_->commit(); }});
  actors_.push_back({"publish", true, [this] { return high_->publish(); }});
}

void World::run() {
  open_low();
  open_high();
  for (std::uint64_t step = 0; step < plan_.steps; ++step) {
    befall();
    reopen_due();
    turn();
  }
  calm_down();
}

std::vector<World::Actor*> World::ready() {
  std::vector<Actor*> ready;
  for (Actor& actor : actors_) {
    const bool up = actor.high ? high_ != nullptr : low_ != nullptr;
    if (up && !actor.idle) {
      ready.push_back(&actor);
    }
  }
  return ready;
}

void World::turn() {
  ++turns_;
  const std::vector<Actor*> actors = ready();
  if (actors.empty() || (!calm_ && random_.chance(kLate))) {
    pass_time();
  } else {
    act(*random_.pick(actors));
  }
}

void World::act(Actor& actor) {
  SideState& side = actor.high ? high_state_ : low_state_;
  tap_.set_muted(actor.high);
  side.acting = true;
  const bool worked = actor.step();
  side.acting = false;
  tap_.set_muted(false);
  actor.idle = !worked;
  if (worked) {
    trace_.line(side.name, actor.name);
    wake_all();
  }
  actor.high ? look_at_high() : look_at_low();
}

void World::wake_all() {
  for (Actor& actor : actors_) {
    actor.idle = false;
  }
}

// To the next thing that is due, a tick at the most.
void World::pass_time() {
  SteadyTime next = time_.steady_now() + kTick;
  if (low_ != nullptr) {
    for (std::size_t lane = 0; lane < plan_.low.lanes; ++lane) {
      next = std::min(next, low_->next_send(lane));
    }
  }
  time_.advance_to(std::max(next, time_.steady_now() + std::chrono::microseconds(10)));
  if (high_ != nullptr) {
    high_state_.acting = true;
    high_->tick();
    high_state_.acting = false;
    look_at_high();
  }
  wake_all();
}

void World::look_at_low() {
  if (low_state_.disk.power_failed()) {
    crash(low_state_, true);
  } else if (low_state_.storage_failed) {
    crash(low_state_, false);
  } else if (low_->spool().highest_made().value() != model_.made()) {
    model_.look_at_spool(low_->spool(), low_state_.disk.index());
  }
}

void World::look_at_high() {
  if (high_state_.disk.power_failed()) {
    crash(high_state_, true);
    return;
  }
  if (high_state_.storage_failed) {
    crash(high_state_, false);
    return;
  }
  model_.look_at_catalog(*high_, high_state_.disk.index());
  if (turns_ % 4 == 0) {
    high_->check_bounds();
    const Epoch epoch = high_->check_session();
    if (epoch != Epoch() && epoch < heard_epoch_) {
      throw Violation("monotonic", "the receiver went back to an older session");
    }
    heard_epoch_ = std::max(heard_epoch_, epoch);
  }
}

// Without trouble, for that long and until nothing is left to do.
void World::settle(seconds time) {
  const SteadyTime end = time_.steady_now() + time;
  const std::uint64_t limit = turns_ + kMaxTurns;
  const auto under_way = [this] {
    return low_ == nullptr || high_ == nullptr || !low_->transmission().status().open.empty() ||
           !ready().empty();
  };
  while (time_.steady_now() < end || under_way()) {
    reopen_due();
    turn();
    if (turns_ > limit) {
      throw Violation("liveness", "the sides are busy without an end");
    }
  }
}

std::string World::describe_gaps() const {
  std::string text;
  for (const high::Gap& gap : high_->publisher().gaps(100, 3)) {
    text += "\n  " + std::to_string(gap.first.value()) + "-" + std::to_string(gap.last.value()) +
            " " + std::string(high::to_string(gap.state)) + " " + gap.cause;
    for (const high::MissingBlob& blob : gap.missing) {
      text += " " + blob.digest.hex().substr(0, 8) + ":" + std::to_string(blob.held) + "/" +
              std::to_string(blob.size);
    }
  }
  return text;
}

void World::calm_down() {
  calm_ = true;
  trace_.line("world", "from now on everything works");
  end_troubles();
  // A failed poll is repeated after 30 seconds at the latest; then its shipments cross, and two
  // heartbeats.
  settle(seconds(45));
  model_.check_gaps(*high_, low_->spool().highest_sent().value());
  // Once is enough, but for limits of staging that a blob waits for.
  for (int round = 0; model_.published() < model_.made(); ++round) {
    if (round == 4) {
      throw Violation("liveness", "sent again, and not visible:" + describe_gaps());
    }
    resend_gaps();
    settle(seconds(12));
    model_.check_gaps(*high_, low_->spool().highest_sent().value());
  }
  model_.check_complete();
  model_.check_all(*high_);
  crash(low_state_, true);
  crash(high_state_, true);
  settle(seconds(10));
  model_.check_complete();
  model_.check_all(*high_);
  model_.check_gaps(*high_, model_.made());
}

}  // namespace sluice::sim
