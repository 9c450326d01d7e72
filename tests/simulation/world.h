// One run: both sides, the link between them and everything that can befall them, in an order that
// follows from the seed.
//
//   registries ─> low side ─> tap ─> lossy link ─> high side ─> mirror
//                    │                   ^             │
//                  disk              adversary       disk           and a model that watches all of
//                  it
//
// First comes a time of trouble, in which only safety is asked for. Then everything works, and
// within a bounded virtual time the high side must show exactly what the registries hold.
#pragma once

#include <memory>
#include <vector>

#include "tests/simulation/model.h"
#include "tests/simulation/plan.h"
#include "tests/simulation/side_state.h"

namespace sluice::sim {

class World {
 public:
  World(std::uint64_t seed, Trace& trace);
  ~World();

  void run();  // throws Violation

 private:
  struct Actor {
    const char* name;
    bool high;  // whose step it is
    std::function<bool()> step;
    bool idle = false;
  };

  void add_actors();

  std::vector<Actor*> ready();
  // One turn of one actor, or time passes.
  void turn();
  void act(Actor& actor);
  void pass_time();
  void wake_all();

  // After a step of a side: what the model learns of it, and whether its power has failed.
  void look_at_low();
  void look_at_high();

  // Both sides: up, down, and what is wrong with their disks (world_sides.cpp).
  void open_low();
  void open_high();
  void crash(SideState& side, bool power);
  void rot_a_part();
  void stop_low();
  void stop_high();
  void reopen_due();

  // What befalls them (world_trouble.cpp).
  void befall();
  void trouble_disk(SideState& side);
  void end_troubles();
  void resend_gaps();
  void resend_all();
  void check_something();

  std::string describe_gaps() const;
  void settle(std::chrono::seconds time);
  void calm_down();

  Trace& trace_;
  Random random_;
  const Plan plan_;
  test::ManualClock time_;
  std::vector<std::unique_ptr<Registry>> registries_;
  UpstreamFaults upstream_faults_;
  test::LossyLink link_;
  WireTap tap_;
  Adversary adversary_;
  crypto::SigningKey signing_;
  crypto::OpeningKey opening_;
  std::vector<crypto::SealingKey> receivers_;
  std::vector<high::TrustedStream> streams_;
  HighSettings high_settings_;
  TracedEvents low_events_;
  TracedEvents high_events_;
  observe::Counters low_counters_;
  observe::Counters high_counters_;
  Model model_;

  SideState low_state_;
  SideState high_state_;
  std::unique_ptr<LowSide> low_;
  std::unique_ptr<HighSide> high_;
  std::vector<Actor> actors_;
  Epoch sent_epoch_;
  Epoch heard_epoch_;
  std::uint64_t turns_ = 0;
  bool calm_ = false;
};

}  // namespace sluice::sim
