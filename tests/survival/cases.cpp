#include "tests/survival/cases.h"

#include <cstdio>

#include "lowside/transmit/interleaving.h"

namespace sluice::survival {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr Link kSlow{.rate = 20'000'000};
constexpr Link kCommon{.rate = 100'000'000};
constexpr Link kFast{.rate = 1'000'000'000};
constexpr Link kJumbo{.rate = 2'500'000'000, .mtu = 9000, .outage = milliseconds(10)};
constexpr Link kBad{.rate = 100'000'000, .redundancy = 0.3};
constexpr Link kLong{.rate = 100'000'000, .outage = milliseconds(200)};
constexpr Link kLanes{.rate = 100'000'000, .lanes = 3};

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

Case loss(const Link& link, double percent, bool promised) {
  return {.link = link,
          .trouble = number(percent) + " % lost at random",
          .faults = {.loss = percent / 100},
          .promised = promised};
}

Case burst(const Link& link, int time) {
  return {.link = link,
          .trouble = "outages of " + std::to_string(time) + " ms",
          .burst = milliseconds(time),
          .promised = milliseconds(time) <= link.outage};
}

std::vector<Case> others(const Link& link) {
  return {
      {.link = link,
       .trouble = "10 % overtaken, by up to 500",
       .faults = {.reorder = 0.1, .reorder_span = 500},
       .promised = true},
      {.link = link, .trouble = "20 % come twice", .faults = {.duplicate = 0.2}, .promised = true},
      {.link = link,
       .trouble = "0.5 % have a bit turned",
       .faults = {.corrupt = 0.005},
       .promised = true},
      {.link = link, .trouble = "10 forged for each", .forged = true, .promised = true},
      {.link = link,
       .trouble = "all of these, 2 % lost, outages of 100 ms",
       .faults =
           {.loss = 0.02, .duplicate = 0.2, .reorder = 0.1, .reorder_span = 500, .corrupt = 0.005},
       .burst = milliseconds(100),
       .forged = true}};
}

void add(std::vector<Case>& cases, std::vector<Case> more) {
  std::ranges::move(more, std::back_inserter(cases));
}

// An outage of `burst` begins at `phase` and then again as soon as no block can meet two.
Pair::Outage outages(SteadyTime start, nanoseconds phase, nanoseconds burst, nanoseconds spread) {
  return [=](SteadyTime now, ByteView) {
    const nanoseconds passed = now - start - phase;
    return passed.count() >= 0 && passed % (burst + spread + milliseconds(5)) < burst;
  };
}

// Shipments of every kind, so much that the wire is full for some windows and empty between.
void ship_everything(Pair& pair, std::size_t in_flight) {
  pair.ship({1});
  pair.ship({in_flight, 0, 100, 70'000});
  pair.ship(std::vector<std::size_t>(40, 5'000));
  pair.ship({in_flight / 3, in_flight / 2});
}

}  // namespace

low::TransmitSettings Link::transmit() const {
  low::TransmitSettings settings;
  settings.stream = Pair::kStream;
  settings.mtu = mtu;
  settings.rate_bits_per_second = rate / lanes;
  low::interleave({.outage = outage, .redundancy = redundancy}, settings).value();
  return settings;
}

std::string Link::text() const {
  return number(static_cast<double>(rate) / 1e6) + " Mbit/s, MTU " + std::to_string(mtu) + ", " +
         std::to_string(outage.count()) + " ms, " + number(100 * redundancy) + " %" +
         (lanes > 1 ? ", " + std::to_string(lanes) + " lanes" : "");
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const double percent : {0.1, 0.5, 1.0, 2.0, 5.0, 10.0}) {
    cases.push_back(loss(kCommon, percent, percent <= 1));
  }
  for (const double percent : {2.0, 5.0, 10.0}) {
    cases.push_back(loss(kBad, percent, percent <= 5));
  }
  for (const Link& link : {kSlow, kCommon, kFast, kLong, kLanes}) {
    for (const int time : {1, 10, 40, 60, 100, 200}) {
      cases.push_back(burst(link, time));
    }
  }
  for (const int time : {1, 5, 10, 20, 50}) {
    cases.push_back(burst(kJumbo, time));
  }
  add(cases, others(kCommon));
  add(cases, others(kJumbo));
  return cases;
}

std::vector<Case> short_cases() {
  std::vector<Case> cases{loss(kSlow, 1, true), loss(kSlow, 10, false), loss(kBad, 5, true),
                          burst(kSlow, 1),      burst(kSlow, 40),       burst(kSlow, 200),
                          burst(kLanes, 40),    burst(kLanes, 200)};
  add(cases, others(kSlow));
  return cases;
}

Outcome run(const Case& tried, std::uint64_t seed) {
  const low::TransmitSettings transmit = tried.link.transmit();
  const low::LinkFigures figures = low::link_figures(transmit);
  Pair pair({.seed = seed,
             .transmit = transmit,
             .lanes = tried.link.lanes,
             .faults = tried.faults,
             .forged = tried.forged});
  if (tried.burst.count() > 0) {
    const nanoseconds phase = figures.spread * (seed % 16) / 16;  // from the first announce on
    pair.set_outage(outages(pair.now(), phase, tried.burst, figures.spread));
  }
  ship_everything(pair, tried.link.lanes * figures.in_flight_bytes);
  pair.send_all();
  pair.end_troubles();

  Outcome outcome{.broken = pair.check(),
                  .shipments = pair.shipped(),
                  .datagrams = pair.link().account().sent,
                  .datagrams_lost = pair.link().account().lost + pair.link().account().dropped,
                  .blocks = pair.low(observe::Metric::kSentBlocks),
                  .blocks_lost = pair.high(observe::Metric::kLostBlocks),
                  .whole_at_once = pair.visible()};
  const auto hold = [&outcome](bool holds, const std::string& what) {
    if (!holds && outcome.broken.empty()) {
      outcome.broken = what;
    }
  };
  hold(!tried.promised || outcome.blocks_lost == 0,
       "a block was lost that was promised to survive");
  hold(!tried.promised || outcome.whole_at_once == outcome.shipments,
       "a shipment did not arrive that was promised to");
  hold(outcome.blocks == outcome.blocks_lost + pair.high(observe::Metric::kRecoveredBlocks),
       "a block is neither whole nor lost");
  if (outcome.broken.empty()) {
    pair.resend_gaps();
    outcome.broken = pair.check();
    hold(pair.visible() == pair.shipped() && pair.gaps().empty(),
         "one resend did not bring what was missing");
  }
  return outcome;
}

}  // namespace sluice::survival
