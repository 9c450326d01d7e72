#include "tests/simulation/plan.h"

namespace sluice::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

template <class Value>
Value one_of(Random& random, std::initializer_list<Value> values) {
  return *(values.begin() + random.below(values.size()));
}

low::TransmitSettings draw_transmit(Random& random) {
  low::TransmitSettings settings;
  settings.stream = Plan::kStream;
  settings.mtu = one_of<std::size_t>(random, {576, 1500, 1500, 9000});
  settings.rate_bits_per_second =
      one_of<std::uint64_t>(random, {20'000'000, 100'000'000, 1'000'000'000});
  settings.data_symbols = one_of<std::uint8_t>(random, {8, 20, 64});
  settings.parity_symbols = one_of<std::uint8_t>(random, {0, 2, 4, 8});
  settings.block_bytes = limits::kMinBlockBytes;
  settings.window = random.between(1, 4);
  settings.zstd_level = random.chance(0.5) ? 1 : 0;
  settings.cadence = milliseconds(2000);
  return settings;
}

high::ReceiveSettings draw_receive(Random& random, std::size_t window) {
  high::ReceiveSettings settings;
  settings.window = window + random.between(0, 3);
  // Small, so that its edge is met; a sender's run of 64 fits.
  settings.replay_window = one_of<std::size_t>(random, {64, 128, 512, 65'536});
  settings.silence = milliseconds(6000);
  return settings;
}

high::AssemblerSettings draw_assemble(Random& random) {
  high::AssemblerSettings settings;
  // Half of it takes all blocks that can become whole at once: 3 lanes with 7 of 64 KiB.
  settings.queue_bytes = std::size_t{3} << 20;
  settings.staging.folder = "/high/assembling";
  settings.staging.limit_bytes = one_of<std::uint64_t>(random, {1 << 20, 64 << 20});
  settings.staging.open_files = one_of<std::size_t>(random, {2, 512});
  settings.staging.blobs = one_of<std::size_t>(random, {4, 65'536});
  settings.staging.save_every_bytes = one_of<std::uint64_t>(random, {1, 50'000, 64 << 20});
  settings.staging.unwritten_bytes = 50'000;  // whoever writes has to wait
  settings.staging.stale_after = one_of<seconds>(random, {seconds(10), seconds(3600)});
  return settings;
}

}  // namespace

test::LinkFaults draw_weather(Random& random) {
  test::LinkFaults weather;
  const auto sometimes = [&](double most) {
    return random.chance(0.5) ? most * static_cast<double>(random.below(100)) / 100 : 0.0;
  };
  weather.loss = sometimes(0.2);
  weather.burst = sometimes(0.01);
  weather.burst_span = random.between(2, 60);
  weather.duplicate = sometimes(0.1);
  weather.reorder = sometimes(0.1);
  weather.reorder_span = random.between(1, 100);
  weather.corrupt = sometimes(0.02);
  weather.truncate = sometimes(0.02);
  return weather;
}

Plan draw_plan(Random& random) {
  Plan plan;
  plan.steps = random.between(500, 5000);
  plan.registries = random.between(1, 3);
  plan.low.spool.stream = Plan::kStream;
  plan.low.spool.folder = "/low/spool";
  plan.low.spool.passes = random.chance(0.5) ? std::vector<seconds>{seconds(0), seconds(20)}
                                             : std::vector<seconds>{seconds(0)};
  plan.low.transmit = draw_transmit(random);
  plan.low.lanes = random.between(1, 3);
  plan.high.receive = draw_receive(random, plan.low.transmit.window);
  plan.high.assemble = draw_assemble(random);
  plan.high.commit.group_blobs = one_of<std::size_t>(random, {1, 3, 512});
  plan.high.publish.waiting_blobs = one_of<std::size_t>(random, {3, 1'000'000});
  if (random.chance(0.6)) {
    plan.upstream = {.fails = 0.1, .cut_short = 0.05, .lies = 0.05, .index_lies = 0.05};
  }
  plan.link = random.chance(0.7) ? draw_weather(random) : test::LinkFaults{};
  for (bool* const trouble :
       {&plan.changing_weather, &plan.silence, &plan.replays, &plan.forgeries, &plan.send_failures,
        &plan.restarts, &plan.crashes, &plan.power_failures, &plan.full_disks, &plan.disk_errors,
        &plan.rot, &plan.clock_steps}) {
    *trouble = random.chance(0.5);
  }
  plan.low.spool.carousel = one_of<seconds>(random, {seconds(0), seconds(15), seconds(60)});
  plan.low.transmit.repeat_percent = one_of<unsigned>(random, {0, 10, 50});
  // So that what comes here in one commit is enough for a pack.
  plan.high.pack_from = one_of<std::uint64_t>(random, {1, 20'000, 1 << 30});
  return plan;
}

}  // namespace sluice::sim
