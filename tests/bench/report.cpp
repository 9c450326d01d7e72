#include "tests/bench/report.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>

namespace sluice::bench {
namespace {

std::string name_of(Kind kind) {
  switch (kind) {
    case Kind::kRandom:
      return "random";
    case Kind::kSmall:
      return "small";
    case Kind::kText:
      return "text";
  }
  return "";
}

// The busier core: what it spent on a byte, and what its primitives take.
struct Bottleneck {
  std::string side;
  double spent = 0;
  double needed = 0;
};

Bottleneck bottleneck(const Row& row) {
  return row.link.low_core_nanos > row.link.high_core_nanos
             ? Bottleneck{"low", row.link.low_core_nanos, sum(row.primitives.low)}
             : Bottleneck{"high", row.link.high_core_nanos, sum(row.primitives.high)};
}

double blobs_per_second(const Row& row) {
  return static_cast<double>(row.blobs) / row.link.seconds;
}

// How much longer the crossing takes than zstd alone; 0 where nothing is compressed.
double against_zstd(const Row& row) {
  return row.link.zstd_nanos == 0 ? 0 : 8 / row.link.goodput_gigabits / row.link.zstd_nanos;
}

// Of what the slower of the link and the disk carries; 0 in memory.
double disk_share(const Row& row) {
  if (row.durable_gigabits == 0) {
    return 0;
  }
  const double most = row.memory_gigabits > 0 ? std::min(row.durable_gigabits, row.memory_gigabits)
                                              : row.durable_gigabits;
  return row.link.goodput_gigabits / most;
}

void print(const char* title, const std::vector<Stage>& stages) {
  std::printf("  %s:", title);
  for (const Stage& stage : stages) {
    std::printf("  %s %.3f", stage.name.c_str(), stage.nanos);
  }
  std::printf("\n");
}

boost::json::object json(const std::vector<Stage>& stages) {
  boost::json::object object;
  for (const Stage& stage : stages) {
    object[stage.name] = stage.nanos;
  }
  return object;
}

}  // namespace

void print(const Row& row) {
  const Crossing& link = row.link;
  std::printf("%s blobs, MTU %zu, segmentation %s, store %s\n", name_of(row.kind).c_str(), row.mtu,
              row.segmentation.c_str(), row.store.c_str());
  std::printf("  Gb/s: raw UDP %.2f  sluice %.2f", row.raw.gigabits, link.goodput_gigabits);
  if (row.udpcast_gigabits > 0) {
    std::printf("  udpcast %.2f (sluice is %.1f times as fast)", row.udpcast_gigabits,
                link.goodput_gigabits / row.udpcast_gigabits);
  }
  if (row.durable_gigabits > 0) {
    std::printf("  disk %.2f (sluice %.2f of it, %.2f of the slower of it and the link)",
                row.durable_gigabits, link.goodput_gigabits / row.durable_gigabits,
                disk_share(row));
  }
  std::printf("\n  configured %.2f Gb/s on the wire, held to %+.2f %%; %.0f blobs a second%s\n",
              link.configured_gigabits, link.paced_error_percent, blobs_per_second(row),
              link.complete ? "" : "; NOT COMPLETE");
  print("stages, ns a byte", link.stages);
  std::printf("  cores, ns a byte:  low %.3f  high %.3f\n", link.low_core_nanos,
              link.high_core_nanos);
  if (row.kind == Kind::kRandom) {
    print("primitives of low", row.primitives.low);
    print("primitives of high", row.primitives.high);
    const Bottleneck busy = bottleneck(row);
    std::printf("  bottleneck: %s, %.2f times the sum of its primitives (%.3f of %.3f)\n",
                busy.side.c_str(), busy.spent / busy.needed, busy.spent, busy.needed);
  }
  if (against_zstd(row) > 0) {
    std::printf("  %.2f times as long as zstd alone\n", against_zstd(row));
  }
  std::fflush(stdout);
}

std::string json(const Row& row) {
  const Crossing& link = row.link;
  const Bottleneck busy = bottleneck(row);
  return boost::json::serialize(boost::json::object{
      {"case", name_of(row.kind)},
      {"mtu", row.mtu},
      {"segmentation", row.segmentation},
      {"store", row.store},
      {"raw_gbps", row.raw.gigabits},
      {"sluice_gbps", link.goodput_gigabits},
      {"udpcast_gbps", row.udpcast_gigabits},
      {"disk_gbps", row.durable_gigabits},
      {"disk_share", disk_share(row)},
      {"configured_gbps", link.configured_gigabits},
      {"paced_error_percent", link.paced_error_percent},
      {"blobs_per_second", blobs_per_second(row)},
      {"times_zstd", against_zstd(row)},
      {"complete", link.complete},
      {"lost_blocks", link.lost_blocks},
      {"kernel_drops", link.kernel_drops},
      {"stage_ns_per_byte", json(link.stages)},
      {"core_ns_per_byte",
       boost::json::object{{"low", link.low_core_nanos}, {"high", link.high_core_nanos}}},
      {"primitive_ns_per_byte",
       boost::json::object{{"low", json(row.primitives.low)}, {"high", json(row.primitives.high)}}},
      {"bottleneck", busy.side},
      {"bottleneck_to_primitives", busy.spent / busy.needed}});
}

}  // namespace sluice::bench
